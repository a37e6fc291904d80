import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { INestApplication } from '@nestjs/common';
import compression from 'compression';
import { MemoryBackend, SessionMiddleware } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import {
  BODIES,
  CompressedController,
  getCompressed,
  sha256,
  streaming,
} from '../support/compressed-kinds.js';
import { combine } from '../support/extent.js';
import { GatedBackend } from '../support/gated-backend.js';

const SLOW_SAVE_MS = 30;

/** Where the compression stands: each wraps the response's methods, and the later one is called first. */
const ORDERS: Record<string, (app: INestApplication) => void> = {
  'before the session is loaded by the interceptor': (app) => {
    app.use(compression({ threshold: 0, level: 1 }));
  },
  'before SessionMiddleware': (app) => {
    app.use(compression({ threshold: 0, level: 1 }));
    app.use(app.get(SessionMiddleware).use);
  },
  'after SessionMiddleware': (app) => {
    app.use(app.get(SessionMiddleware).use);
    app.use(compression({ threshold: 0, level: 1 }));
  },
};

const CELLS = combine(ADAPTERS, Object.entries(ORDERS)).map(([adapter, [order, prepare]]) => ({
  adapter,
  order,
  prepare,
}));

describe.each(CELLS)('compression, on $adapter', ({ adapter, order, prepare }) => {
  describe(order, () => {
    let backend: GatedBackend;
    let app: TestApp;

    beforeAll(async () => {
      backend = new GatedBackend(new MemoryBackend());
      app = await TestApp.start({
        adapter,
        session: { backend },
        controllers: [CompressedController],
        prepare,
      });
    });
    beforeEach(() => {
      backend.writes.length = 0;
    });
    afterAll(() => app.stop());

    const saves: [string, () => Promise<unknown>][] = [['saved slowly', () => sleep(SLOW_SAVE_MS)]];
    // Where it stands makes a difference only while something is held.
    if (order === Object.keys(ORDERS)[0]) saves.push(['saved at once', async () => {}]);
    describe.each(saves)('%s', (_speed, save) => {
      it.each(Object.keys(BODIES))(
        '%s: the whole body, compressed, and the cookie',
        async (path) => {
          backend.beforeWrite = async () => void (await save());
          const answer = await getCompressed(`${app.url}/${path}`);
          expect(answer.status).toBe(200);
          expect(answer.headers['content-encoding']).toBe('gzip');
          expect(answer.headers['set-cookie']).toEqual([expect.stringMatching(/^sid=/)]);
          expect(sha256(answer.body)).toBe(BODIES[path]);
          expect(backend.changes).toEqual(['create']);
          if (path === 'stream') expect(streaming.waits).toBeGreaterThan(0);
        },
      );
    });

    it.each(Object.keys(BODIES))(
      '%s: a whole 503 that can be read where saving fails',
      async (path) => {
        backend.beforeWrite = async () => {
          await sleep(SLOW_SAVE_MS);
          throw new Error('disk full');
        };
        const answer = await getCompressed(`${app.url}/${path}`);
        expect(answer.status).toBe(503);
        expect(JSON.parse(answer.body.toString())).toMatchObject({ statusCode: 503 });
        expect(answer.headers['set-cookie']).toBeUndefined();
        if (path === 'stream') while (!streaming.isDone) await sleep(5);
      },
    );

    it('a client that takes nothing compressed gets the body as it is', async () => {
      backend.beforeWrite = async () => {};
      const answer = await getCompressed(`${app.url}/stream`, 'identity');
      expect(answer.headers['content-encoding']).toBeUndefined();
      expect(answer.headers['set-cookie']).toHaveLength(1);
      expect(sha256(answer.body)).toBe(BODIES['stream']);
    });
  });
});
