import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BadLine } from '../support/bad-line.js';
import { sample } from '../support/extent.js';
import { RedisServer } from '../support/redis-server.js';
import { RETRIED } from '../support/retried.js';
import { until } from '../support/until.js';
import { CELLS, expectInTime, TIMEOUT_MS, TroubledApp } from '../support/troubled-app.js';

const SILENT = `The session backend did not answer get within ${TIMEOUT_MS} ms`;

const SLOW = sample(CELLS, ({ adapter }) => adapter === 'fastify');

describe.each(SLOW)('a slow Redis, on $adapter with $client', RETRIED, ({ adapter, client }) => {
  let server: RedisServer;
  let line: BadLine;
  let app: TroubledApp;
  beforeEach(async () => {
    server = await RedisServer.start();
    line = await BadLine.to(server.port);
    app = await TroubledApp.start({ adapter, server, client, port: line.port });
  });
  afterEach(async () => {
    await app.stop();
    await line.stop();
    await server.stop();
  });

  it('slow, but within the time: nothing happens', async () => {
    line.delayMs = TIMEOUT_MS / 3;
    expect((await app.visitor.get('/session')).json()).toEqual({ field1: 1 });
    expect((await app.visitor.post('/set/2')).status).toBe(200);
    expect(app.logged).toEqual([]);
  });

  it('slower than the time: 503 in time and one line, however often it answers too late', async () => {
    line.delayMs = TIMEOUT_MS * 2.5;
    await app.expectUnavailable();
    await app.expectUnharmed();
    const endMs = performance.now() + 2 * line.delayMs;
    while (performance.now() < endMs) await expectInTime([expectSlow()]);
    expect(app.logged).toEqual([SILENT]);
    line.delayMs = 0;
    await app.expectBack();
    await app.expectLogged(SILENT, 'The session backend answers again');
  });

  it.each([0.1, 0.5, 0.8])(
    'slow, but within the time (%s of it), after a stall: the session is there again',
    async (part) => {
      const backendTimeout = 1;
      await app.stop();
      const session = { backendTimeout };
      app = await TroubledApp.start({ adapter, server, client, port: line.port, session });
      server.freeze();
      expect((await app.visitor.get('/session')).status).toBe(503);
      await until('a refusal at once', async () => {
        const startMs = performance.now();
        await expectSlow();
        return performance.now() - startMs < TIMEOUT_MS;
      });
      line.delayMs = part * backendTimeout * 1000;
      server.resume();
      // A question that waits for its answer, a connection that is made anew, and one more question.
      const isBack = async () => (await app.visitor.get('/session')).status === 200;
      await until('the session again', isBack, 4000 * backendTimeout);
    },
  );

  async function expectSlow(): Promise<void> {
    expect((await app.visitor.get('/session')).status).toBe(503);
  }
});
