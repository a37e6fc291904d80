import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS } from '../support/app.js';
import { sample } from '../support/extent.js';
import { RedisServer } from '../support/redis-server.js';
import { RETRIED } from '../support/retried.js';
import {
  answersDuring,
  type ClientName,
  CLIENTS,
  restarted,
  SLACK_MS,
  TIMEOUT_MS,
  TroubledApp,
  type TimedAnswer,
} from '../support/troubled-app.js';

const SILENT = `The session backend did not answer get within ${TIMEOUT_MS} ms`;
/** One that is down is named with its address. */
const REFUSED = expect.stringMatching(
  new RegExp(`^${SILENT} \\(last error: connect ECONNREFUSED 127\\.0\\.0\\.1:\\d+\\)$`),
);
const BACK = 'The session backend answers again';
/** The next try of a client with its own delays may be later than that of ours: 2 seconds, and node-redis adds up to 0.2. */
const USER_CLIENT_RETURN_MS = 2500;

const VISITORS = 20;

let server: RedisServer;
let app: TroubledApp;
beforeAll(async () => {
  server = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always');
});
afterEach(async () => {
  server.resume();
  await app.stop();
  if (!server.isRunning) await restarted(server);
});
afterAll(() => server.stop());

describe.each(ADAPTERS)('Redis goes and comes back, on %s', RETRIED, (adapter) => {
  const all: ClientName[] = adapter === 'fastify' ? [...CLIENTS, 'node-redis'] : CLIENTS;
  const clients = sample(all, (name) => (name === 'fromUrl') === (adapter === 'express'));
  it.each(clients)(
    'killed and started again: 503 in time and back without a restart, with %s',
    async (client) => {
      app = await TroubledApp.start({ adapter, server, client });
      await server.kill();
      await app.expectUnavailable();
      await app.expectUnharmed();
      await restarted(server);
      await app.expectBack({ field1: 1 }, client === 'fromUrl' ? undefined : USER_CLIENT_RETURN_MS);
      await app.expectLogged(REFUSED, BACK);
    },
  );

  it.each(clients)('frozen and woken: the same, with %s', async (client) => {
    app = await TroubledApp.start({ adapter, server, client });
    server.freeze();
    await app.expectUnavailable();
    await app.expectUnharmed();
    server.resume();
    await app.expectBack();
    await app.expectLogged(SILENT, BACK);
  });

  it('a user’s client that gives up at once: 503 at once, and one line for it', async () => {
    const ofIoredis = { maxRetriesPerRequest: 0, enableOfflineQueue: false };
    const client = { ...ofIoredis, disableOfflineQueue: true };
    app = await TroubledApp.start({ adapter, server, client });
    await server.kill();
    await app.expectUnavailable();
    await restarted(server);
    await app.expectBack({ field1: 1 }, USER_CLIENT_RETURN_MS);
    const refused = expect.stringMatching(
      /^The session backend failed to get: .*\(last error: .*127\.0\.0\.1:\d+.*\)$/,
    );
    await app.expectLogged(refused, 'The session backend can be read again');
  });

  it('frozen under load: 503 in time for who brings a cookie, nothing for the rest', async () => {
    app = await TroubledApp.start({ adapter, server });
    const { visitor } = app;
    let strangers: TimedAnswer[] = [];
    const freezing = async () => {
      await sleep(200);
      server.freeze();
      await sleep(3 * TIMEOUT_MS);
      server.resume();
      await app.expectBack();
    };
    const visitors = await answersDuring(
      async () => {
        strangers = await answersDuring(freezing, VISITORS, async () => {
          await sleep(TIMEOUT_MS);
          return app.app.browser().get('/session');
        });
      },
      VISITORS,
      () => visitor.get('/session'),
    );

    expect(new Set(visitors.map(({ status }) => status))).toEqual(new Set([200, 503]));
    expect(strangers.filter(({ status }) => status !== 200)).toEqual([]);
    // Strangers waited as long by themselves: what took them longer is the machine's doing.
    expect(longest(visitors) - longest(strangers)).toBeLessThan(SLACK_MS);
    expect(app.logged).toContain(SILENT);
    expect(app.logged).toEqual([...new Set(app.logged)]);
  });
});

it('a long outage is over as soon as a short one', RETRIED, async () => {
  app = await TroubledApp.start({ adapter: 'express', server });
  await server.kill();
  await sleep(2000);
  await app.expectUnavailable();
  await restarted(server);
  await app.expectBack();
});

function longest(answers: TimedAnswer[]): number {
  return Math.max(...answers.map(({ tookMs }) => tookMs));
}
