import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisBackend } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from './app.js';
import { FailoverController, FailoverLoad, type Visitor } from './failover-load.js';
import { CLIENTS_OF, type ClientPackage, PACKAGE_ON, type TestClient } from './redis-clients.js';
import type { RedisServer } from './redis-server.js';
import { Stalls } from './stalls.js';

const TIMEOUT_MS = 500;
/** For a machine that is busy with all of this at once. */
const SLACK_MS = 1200;
/** A master is gone, then all of the cluster, then all but that master are back, then all. */
const MAX_LINES = 8;
const START_MS = 60_000;
const BACK_MS = 20_000;

/** Servers of which one can take the place of another. */
export interface Topology {
  /** A client of an application. */
  connect(by: ClientPackage): TestClient;
  /** The master that has a key. */
  masterOf(key: string): Promise<RedisServer>;
  /** Waits until each replica has all that its master wrote. */
  replicated(): Promise<void>;
  stop(): Promise<void>;
}

/** Kills a master while an application on each adapter is busy, and tests what their visitors saw. */
export function testFailover(start: () => Promise<Topology>): void {
  const clients: TestClient[] = [];
  const loads = new Map<string, FailoverLoad>();
  let topology: Topology;
  /** The keys of the master that was killed, with all that its replica had. */
  let moved: Set<string>;
  let stalledMs: number;

  beforeAll(async () => {
    topology = await start();
    for (const adapter of ADAPTERS) {
      const used = topology.connect(CLIENTS_OF[PACKAGE_ON[adapter]]);
      clients.push(used);
      await used.ready;
      const backend = new RedisBackend({ client: used.client });
      const session = { backend, backendTimeout: TIMEOUT_MS / 1000 };
      const app = await TestApp.start({ adapter, session, controllers: [FailoverController] });
      loads.set(adapter, await FailoverLoad.start(app));
    }
    await topology.replicated();
    const all = [...loads.values()];
    const master = await topology.masterOf(`sess:${all[0]!.visitors[0]!.id}`);
    moved = new Set(await master.with((client) => client.keys('*')));
    const stalls = new Stalls();
    for (const load of all) load.begin();
    await Promise.all(all.map((load) => load.answered('every', 200, BACK_MS)));
    const failing = all.map((load) => load.answered('some', 503, BACK_MS));
    await master.kill();
    await Promise.all(failing);
    await Promise.all(all.map((load) => load.answered('every', 200, BACK_MS)));
    await Promise.all(all.map((load) => load.end()));
    stalledMs = stalls.longestMs();
  }, START_MS);
  afterAll(async () => {
    await Promise.all([...loads.values()].map(({ app }) => app.stop()));
    await Promise.all(clients.map((client) => client.close()));
    await topology.stop();
  });

  describe.each(ADAPTERS.map((adapter) => [adapter, PACKAGE_ON[adapter]] as const))(
    'on %s with %s',
    (adapter) => {
      const load = () => loads.get(adapter)!;
      const answers = () => load().visitors.flatMap((visitor) => visitor.answers);

      it('every request is answered by 200 or 503', () => {
        const statuses = new Set(answers().map(({ status }) => status));
        expect(statuses).toEqual(new Set([200, 503]));
        for (const answer of answers().filter(({ status }) => status === 503)) {
          expect(answer.json()).toEqual({ statusCode: 503, message: 'Service Unavailable' });
        }
      });

      it.each([
        ['reads', false, TIMEOUT_MS],
        ['reads and writes', true, 2 * TIMEOUT_MS],
      ])('no request that %s waits longer than its commands may', (_, isWrite, limitMs) => {
        const tookMs = answers().flatMap((answer) =>
          answer.isWrite === isWrite ? [answer.tookMs] : [],
        );
        expect(Math.max(...tookMs)).toBeLessThan(limitMs + SLACK_MS + stalledMs);
      });

      it('every visitor keeps the cookie', () => {
        expect(answers().flatMap(({ setCookies }) => setCookies)).toEqual([]);
      });

      it('every session is back with what the replica had, and no change counts twice', async () => {
        const isMoved = ({ id }: Visitor) => moved.has(`sess:${id}`);
        expect(load().visitors.some(isMoved)).toBe(true);
        const seen = async (visitor: Visitor) => (await visitor.read()).json<{ visits: number }>();
        await Promise.all(
          load().visitors.map(async (visitor) => {
            const data = await seen(visitor);
            expect(data).toEqual({ userId: visitor.id, visits: expect.any(Number) });
            expect(data.visits).toBeLessThanOrEqual(visitor.sent);
            // The replica has what was saved before the load began; what came later may not have reached it.
            expect(data.visits).toBeGreaterThanOrEqual(isMoved(visitor) ? 1 : visitor.saved);
            await visitor.visit();
            const { visits } = await seen(visitor);
            expect(visits).toBeGreaterThan(data.visits);
            expect(visits).toBeLessThanOrEqual(visitor.sent);
          }),
        );
      });
    },
  );

  it('the log has a line for each change of state, and none for a request', () => {
    // Nest has one logger for all applications of a process.
    const lines = [...loads.values()].flatMap(({ app }) => app.logs.lines);
    const told = lines.filter((line) => line.includes('session backend'));
    expect(told.length).toBeGreaterThanOrEqual(2);
    expect(told.length).toBeLessThanOrEqual(ADAPTERS.length * MAX_LINES);
  });
}
