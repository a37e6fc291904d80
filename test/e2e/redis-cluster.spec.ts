import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RedisBackend } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { FailoverController, Visitor } from '../support/failover-load.js';
import { testFailover } from '../support/failover-suite.js';
import { CLIENTS_OF, PACKAGE_ON, type TestClient } from '../support/redis-clients.js';
import { RedisCluster } from '../support/redis-cluster.js';
import type { RedisServer } from '../support/redis-server.js';
import { sharedCluster, START_MS } from '../support/shared-servers.js';
import { until } from '../support/until.js';

const NODE_TIMEOUT_MS = 1000;
/** Enough for each of three masters to have some. */
const VISITORS = 30;
const TRIES = 4;

describe('a Redis Cluster whose master is killed while applications are busy', () => {
  testFailover(() => RedisCluster.start({ nodeTimeoutMs: NODE_TIMEOUT_MS }));
});

describe('a Redis Cluster of which one master does not answer', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await sharedCluster();
  }, START_MS);

  describe.each(ADAPTERS.map((adapter) => [adapter, PACKAGE_ON[adapter]] as const))(
    'on %s with %s',
    (adapter) => {
      let used: TestClient;
      let app: TestApp;
      let frozen: RedisServer | undefined;
      const visitorsOf = new Map<RedisServer, Visitor[]>();

      beforeAll(async () => {
        used = cluster.connect(CLIENTS_OF[PACKAGE_ON[adapter]]);
        await used.ready;
        const backend = new RedisBackend({ client: used.client });
        const session = { backend, backendTimeout: 0.2 };
        app = await TestApp.start({ adapter, session, controllers: [FailoverController] });
        for (let index = 0; index < VISITORS; index++) {
          const visitor = await Visitor.start(app);
          const master = await cluster.masterOf(`sess:${visitor.id}`);
          visitorsOf.set(master, [...(visitorsOf.get(master) ?? []), visitor]);
        }
        expect(visitorsOf.size).toBe(cluster.masters.length);
      }, START_MS);
      afterEach(() => frozen?.resume());
      afterAll(async () => {
        await app.stop();
        await used.close();
      });

      it.each([0, 1, 2])(
        'its sessions are 503, those of the others go on (master %s)',
        async (index) => {
          frozen = cluster.masters[index]!;
          const [ours] = visitorsOf.get(frozen)!;
          const others = [...visitorsOf.keys()].filter((master) => master !== frozen);
          frozen.freeze();
          for (let times = 0; times < TRIES; times++) expect((await ours!.read()).status).toBe(503);
          for (const master of others) {
            const [other] = visitorsOf.get(master)!;
            expect((await other!.read()).status).toBe(200);
          }
          frozen.resume();
          await until('its sessions again', async () => (await ours!.read()).status === 200);
        },
      );
    },
  );
});
