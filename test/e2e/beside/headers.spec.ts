import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, type INestApplication, Post, Res } from '@nestjs/common';
import compress from '@fastify/compress';
import fastifyHelmet from '@fastify/helmet';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import helmet from 'helmet';
import { MemoryBackend, Session } from 'nestjs-server-session';
import { type AdapterName, TestApp } from '../../support/app.js';
import {
  BODIES,
  CompressedController,
  getCompressed,
  sha256,
} from '../../support/compressed-kinds.js';
import { GatedBackend } from '../../support/gated-backend.js';

const ORIGIN = 'https://app.example';

@Controller()
class VisitsController {
  @Post('value')
  value(@Session() session: Session) {
    return { visits: session.increment('visits') };
  }
  @Post('sent')
  sent(@Session() session: Session, @Res() response: { send(body: object): void }) {
    response.send({ visits: session.increment('visits') });
  }
  @Get('read')
  read(@Session() session: Session) {
    return session;
  }
}

const HELMETS: [AdapterName, (app: INestApplication) => unknown][] = [
  ['express', (nest) => nest.use(helmet())],
  ['fastify', (nest) => (nest as NestFastifyApplication).register(fastifyHelmet)],
];

describe.each(HELMETS)('helmet and CORS with credentials, on %s', (adapter, useHelmet) => {
  const backend = new GatedBackend(new MemoryBackend());
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({
      adapter,
      session: { backend, trustedOrigins: [ORIGIN] },
      controllers: [VisitsController],
      prepare: async (nest) => {
        await useHelmet(nest);
        nest.enableCors({ origin: [ORIGIN], credentials: true });
      },
    });
  });
  afterEach(() => {
    backend.beforeWrite = async () => {};
  });
  afterAll(() => app.stop());

  function expectHeaders(headers: Headers) {
    expect(headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(headers.get('access-control-allow-credentials')).toBe('true');
    expect(headers.get('vary')).toContain('Origin');
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  }

  it.each(['/value', '/sent'])('POST %s has their headers and the session’s', async (path) => {
    const browser = app.browser();
    for (const visits of [1, 2]) {
      const answer = await browser.post(path, { origin: ORIGIN });
      expect(answer.json()).toEqual({ visits });
      expectHeaders(answer.headers);
      expect(answer.headers.get('vary')).toContain('Cookie');
      expect(answer.setCookies).toHaveLength(visits === 1 ? 1 : 0);
    }
  });

  it.each(['/value', '/sent'])(
    'POST %s has theirs on the 503 where saving fails, so that scripts can read it',
    async (path) => {
      backend.beforeWrite = () => Promise.reject(new Error('disk full'));
      const answer = await app.browser().post(path, { origin: ORIGIN });
      expect(answer.status).toBe(503);
      expectHeaders(answer.headers);
      expect(answer.setCookies).toEqual([]);
    },
  );

  it('a preflight costs nothing, also with a cookie', async () => {
    const browser = app.browser();
    await browser.post('/value');
    backend.reads = backend.writes.length = 0;
    const answer = await browser.request('OPTIONS', '/value', {
      origin: ORIGIN,
      'access-control-request-method': 'POST',
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(answer.setCookies).toEqual([]);
    expect([backend.reads, ...backend.writes]).toEqual([0]);
  });
});

/** `compression` has a file of its own. @fastify/compress leaves alone what goes past Fastify. */
describe('@fastify/compress', () => {
  const backend = new GatedBackend(new MemoryBackend());
  const paths = Object.keys(BODIES).filter((path) => path !== 'stream');
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({
      adapter: 'fastify',
      session: { backend },
      controllers: [CompressedController],
      prepare: (nest) => (nest as NestFastifyApplication).register(compress, { threshold: 0 }),
    });
  });
  afterAll(() => app.stop());

  it.each(paths)('%s: the whole body, compressed, and the cookie, saved slowly', async (path) => {
    backend.beforeWrite = () => sleep(20);
    const answer = await getCompressed(`${app.url}/${path}`);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(answer.headers['set-cookie']).toEqual([expect.stringMatching(/^sid=/)]);
    expect(sha256(answer.body)).toBe(BODIES[path]);
  });

  it.each(paths)('%s: a whole 503 that can be read where saving fails', async (path) => {
    backend.beforeWrite = () => Promise.reject(new Error('disk full'));
    const answer = await getCompressed(`${app.url}/${path}`);
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ statusCode: 503 });
    expect(answer.headers['set-cookie']).toBeUndefined();
  });
});
