import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MemoryBackend, SessionService, type SessionHealth } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { InterleavingController } from '../support/interleaving-controller.js';
import { RedisServer } from '../support/redis-server.js';
import { RETRIED } from '../support/retried.js';
import { expectInTime, restarted, TIMEOUT_MS, TroubledApp } from '../support/troubled-app.js';
import { until } from '../support/until.js';

const DOWN = {
  status: 'down',
  latencyMs: expect.any(Number),
  error: expect.stringContaining(`The session backend did not answer get within ${TIMEOUT_MS} ms`),
};

describe.each(ADAPTERS)('health, on %s', RETRIED, (adapter) => {
  let server: RedisServer;
  let app: TroubledApp;
  beforeAll(async () => {
    server = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always');
  });
  afterEach(async () => {
    server.resume();
    await app.stop();
  });
  afterAll(() => server.stop());

  const health = () => app.app.app.get(SessionService).health();

  async function expectDown(): Promise<void> {
    await expectInTime([health().then((answer) => expect(answer).toEqual(DOWN))]);
  }

  async function expectUp(): Promise<void> {
    await until('up', async () => (await health()).status === 'up', 1000);
    expect((await app.visitor.get('/session')).json()).toEqual({ field1: 1 });
  }

  it('up, with how long Redis took', async () => {
    app = await TroubledApp.start({ adapter, server });
    expect(await health()).toEqual({ status: 'up', latencyMs: expect.any(Number) });
    expect((await health()).latencyMs).toBeLessThan(TIMEOUT_MS);
  });

  it('down in time while Redis is frozen, asked once or again, and up when it is woken', async () => {
    app = await TroubledApp.start({ adapter, server });
    server.freeze();
    await expectDown();
    await expectDown();
    server.resume();
    await expectUp();
  });

  it('down in time while Redis is killed, and up when it is started again', async () => {
    app = await TroubledApp.start({ adapter, server });
    await server.kill();
    await expectDown();
    await restarted(server);
    await expectUp();
  });
});

/** Fails whoever asks for a session that nobody has, which is what a health check asks for. */
class UnhealthyBackend extends MemoryBackend {
  override async get(id: string) {
    const record = await super.get(id);
    if (!record) throw new Error('refused');
    return record;
  }
}

it.each(ADAPTERS)('a failing health check fails no request, on %s', RETRIED, async (adapter) => {
  const session = { backend: new UnhealthyBackend() };
  const app = await TestApp.start({ adapter, session, controllers: [InterleavingController] });
  const browser = app.browser();
  await browser.post('/set/1');
  for (let i = 0; i < 3; i++) {
    const checks: Promise<SessionHealth>[] = [1, 2, 3].map(() =>
      app.app.get(SessionService).health(),
    );
    expect((await browser.post('/increment')).status).toBe(200);
    expect((await Promise.all(checks)).map(({ status }) => status)).toEqual(Array(3).fill('down'));
  }
  expect((await browser.get('/session')).json()).toEqual({ field1: 1, visits: 3 });
  await app.stop();
});
