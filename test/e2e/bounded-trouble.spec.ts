import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Redis } from 'ioredis';
import { RedisBackend } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { GatedBackend } from '../support/gated-backend.js';
import { InterleavingController } from '../support/interleaving-controller.js';
import { CELLS } from '../support/matrix.js';
import { startBackend } from '../support/backends.js';
import { RedisServer } from '../support/redis-server.js';
import { RETRIED } from '../support/retried.js';
import { until } from '../support/until.js';

const TIMEOUT_MS = 300;

describe('bounded trouble', RETRIED, () => {
  it.each(CELLS)(
    '$name that does not answer, on $adapter, by $transport: 503 in time, and back without a restart',
    async ({ name, adapter, transport }) => {
      const inner = await startBackend(name);
      const backend = new GatedBackend(inner.backend);
      const session = { backend, backendTimeout: TIMEOUT_MS / 1000 };
      const app = await TestApp.start({
        adapter,
        transport,
        session,
        controllers: [InterleavingController],
      });
      const browser = app.browser();
      await browser.post('/set/1');
      const before = browser.token;

      backend.beforeRead = () => new Promise(() => {});
      const start = Date.now();
      const answer = await browser.get('/session');
      expect(Date.now() - start).toBeLessThan(TIMEOUT_MS + 500);
      expect(answer.status).toBe(503);
      expect(answer.json()).toEqual({ statusCode: 503, message: 'Service Unavailable' });
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(browser.token).toBe(before);
      expect((await app.browser().get('/session')).status).toBe(200);
      expect((await browser.get('/session')).status).toBe(503);

      backend.beforeRead = async () => {};
      await until('the session again', async () => (await browser.get('/session')).status === 200);
      expect((await browser.get('/session')).json()).toEqual({ field1: 1 });
      const lines = () => app.logs.lines.filter((line) => line.includes('session backend'));
      await until('the log says so', async () => {
        await browser.get('/session');
        return lines().length >= 2;
      });
      expect(lines().map((line) => line.replace(/ SessionBackend$/, ''))).toEqual([
        `The session backend did not answer get within ${TIMEOUT_MS} ms`,
        'The session backend answers again',
      ]);
      await app.stop();
      await inner.stop();
    },
  );
});

describe.each(ADAPTERS)('bounded trouble with a real Redis, on %s', RETRIED, (adapter) => {
  let server: RedisServer;
  let client: Redis;
  let app: TestApp;
  beforeAll(async () => {
    server = await RedisServer.start();
    client = server.client();
    const session = { backend: new RedisBackend({ client }), backendTimeout: TIMEOUT_MS / 1000 };
    app = await TestApp.start({ adapter, session, controllers: [InterleavingController] });
  });
  afterEach(() => server.resume());
  afterAll(async () => {
    await app.stop();
    client.disconnect();
    await server.stop();
  });

  it('frozen: 503 in time for who brings a cookie, nothing for the rest, and back when it is', async () => {
    const browser = app.browser();
    await browser.post('/set/1');
    server.freeze();
    const start = Date.now();
    const answers = await Promise.all([1, 2, 3].map(() => browser.get('/session')));
    expect(answers.map((answer) => answer.status)).toEqual([503, 503, 503]);
    expect(Date.now() - start).toBeLessThan(TIMEOUT_MS + 500);
    expect((await app.browser().get('/session')).status).toBe(200);
    server.resume();
    for (let tries = 0; tries < 40; tries++) {
      if ((await browser.get('/session')).status === 200) break;
      await sleep(25);
    }
    expect((await browser.get('/session')).json()).toEqual({ field1: 1 });
  });
});
