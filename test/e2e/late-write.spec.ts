import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cluster, Redis } from 'ioredis';
import { TestApp } from '../support/app.js';
import { startBackend, type TestBackend } from '../support/backends.js';
import { Gate, GatedBackend } from '../support/gated-backend.js';
import { gate, InterleavingController } from '../support/interleaving-controller.js';
import { CELLS, REDIS_CELLS } from '../support/matrix.js';
import { RelayedRedis } from '../support/relayed-redis.js';
import { START_MS } from '../support/shared-servers.js';
import { until } from '../support/until.js';

const controllers = [InterleavingController];
const backendTimeout = 0.4;
/** What a stalled link does to commands does not depend on how a request came. */
const STALLED = REDIS_CELLS.filter(
  ({ adapter, transport }) => adapter === 'fastify' && transport === 'cookie',
);
/** A change of each kind; what another process makes of the session then; what is to stay. */
const WRITES: [path: string, next: string, left: object][] = [
  ['/increment', '/set/3', { field1: 1, field3: 3 }],
  ['/set/2', '/delete/2', { field1: 1 }],
  ['/send/2', '/delete/2', { field1: 1 }],
  ['/delete/1', '/set/1', { field1: 1 }],
  ['/sign-in', '/set/3', { field1: 1, field3: 3 }],
];

describe.each(STALLED)(
  'a link to Redis that stalls, with $name on $adapter, by $transport',
  (names) => {
    const { name, adapter, transport } = names;
    let redis: RelayedRedis;
    let stalling: TestApp;
    let other: TestApp;
    let direct: TestBackend;

    beforeEach(async () => {
      redis = await RelayedRedis.start(name);
      const behind = { backend: redis.backend, backendTimeout };
      stalling = await TestApp.start({ adapter, transport, session: behind, controllers });
      const { RedisBackend } = await import('nestjs-server-session');
      direct = { backend: new RedisBackend({ client: redis.direct }), stop: async () => {} };
      const session = { backend: direct.backend };
      other = await TestApp.start({ adapter, transport, session, controllers });
    }, START_MS);
    afterEach(async () => {
      redis.resume();
      await stalling.stop();
      await other.stop();
      await redis.stop();
    });

    it.each(WRITES)(
      '%s that was answered 503 is not applied later, over newer changes',
      async (path, next, left) => {
        const browser = other.browser();
        await browser.post('/set/1');
        const tab = stalling.browser();
        tab.token = browser.token;
        // It knows the server's clock, and its connections are open.
        await tab.get('/session');
        const waiting = gate('stalled');
        const running = tab.post(`${path}?gate=stalled`);
        await waiting.reached;
        redis.stall();
        waiting.open();
        const answer = await running;
        expect([answer.status, answer.told]).toEqual([503, []]);
        expect((await browser.post(next)).status).toBe(200);
        redis.resume();
        await until('the link is back', async () => (await tab.get('/session')).status === 200);
        expect((await browser.get('/session')).json()).toEqual(left);
      },
    );
  },
);

describe.each(STALLED)(
  'a link to Redis that stalls under a new session, with $name on $adapter, by $transport',
  ({ name, adapter, transport }) => {
    let redis: RelayedRedis;
    let app: TestApp;
    beforeEach(async () => {
      redis = await RelayedRedis.start(name);
      const session = { backend: redis.backend, backendTimeout };
      app = await TestApp.start({ adapter, transport, session, controllers });
    }, START_MS);
    afterEach(async () => {
      redis.resume();
      await app.stop();
      await redis.stop();
    });

    async function keys(): Promise<string[]> {
      const { direct } = redis;
      const masters = direct.isCluster ? (direct as Cluster).nodes('master') : [direct as Redis];
      return (await Promise.all(masters.map((master) => master.keys('sess:*')))).flat().toSorted();
    }

    it('is not made later, when its request was answered 503', async () => {
      const browser = app.browser();
      await browser.post('/set/1');
      const before = await keys();
      redis.stall();
      expect((await app.browser().post('/set/2')).status).toBe(503);
      redis.resume();
      await until('the link is back', async () => (await browser.get('/session')).status === 200);
      expect(await keys()).toEqual(before);
    });
  },
);

const OWN = CELLS.filter(({ name }) => name === 'memory' || name === 'three methods');

describe.each(OWN)('a backend that is slow, with $name on $adapter, by $transport', (names) => {
  const { name, adapter, transport } = names;
  let inner: TestBackend;
  let backend: GatedBackend;
  let app: TestApp;

  beforeEach(async () => {
    inner = await startBackend(name);
    backend = new GatedBackend(inner.backend);
    app = await TestApp.start({
      adapter,
      transport,
      session: { backend, backendTimeout },
      controllers,
    });
  });
  afterEach(async () => {
    await app.stop();
    await inner.stop();
  });

  it.each(WRITES)(
    '%s that was answered 503 is not applied later, over newer changes',
    async (path, next, left) => {
      const browser = app.browser();
      await browser.post('/set/1');
      const held = new Gate();
      backend.beforeWrite = async () => {
        backend.beforeWrite = async () => {};
        await held.pass();
      };
      const answer = await browser.copy().post(path);
      expect([answer.status, answer.told]).toEqual([503, []]);
      await until('it answers', async () => (await browser.post(next)).status === 200);
      held.open();
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect((await browser.get('/session')).json()).toEqual(left);
    },
  );
});
