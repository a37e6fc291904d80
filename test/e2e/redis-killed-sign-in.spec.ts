import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Redis } from 'ioredis';
import { RedisBackend, type SessionOptions, SessionService } from 'nestjs-server-session';
import { LEASE_MS } from '../../src/backends/principal-index.js';
import { TestApp } from '../support/app.js';
import type { Browser } from '../support/browser.js';
import { PrincipalController } from '../support/principal-controller.js';
import { RedisServer } from '../support/redis-server.js';
import { RETRIED } from '../support/retried.js';
import { TcpRelay } from '../support/tcp-relay.js';

/** A way to Redis whose process ends: after so many commands nothing comes through any more, nor any reply of the last. */
class LastWay extends TcpRelay {
  #left = Infinity;

  static to(target: number): Promise<LastWay> {
    return new LastWay().start(target);
  }

  /** Lets so many commands through from now on. */
  endAfter(commands: number): void {
    this.#left = commands;
  }

  /** Whether more was sent than came through. */
  isOver = false;

  protected carry(client: Socket, target: Socket): void {
    client.on('data', (command) => {
      this.isOver ||= this.#left-- <= 0;
      if (!this.isOver) target.write(command);
    });
    target.on('data', (reply) => {
      if (this.#left > 0) client.write(reply);
    });
  }
}

const MOST = 2;
/** More than any sign-in takes, with those that it ends. */
const MOST_COMMANDS = 20;

let redis: RedisServer;
let client: Redis;
let well: TestApp;
const session = {
  idleTimeout: '1h',
  principals: { maxSessions: MOST, onLimit: 'refuse' as const },
};

async function start(own: Redis, parts: Partial<SessionOptions> = {}): Promise<TestApp> {
  return TestApp.start({
    adapter: 'express',
    controllers: [PrincipalController],
    session: {
      ...session,
      ...parts,
      backend: new RedisBackend({ client: own }),
    },
  });
}

beforeAll(async () => {
  redis = await RedisServer.start();
  client = redis.client();
  well = await start(client);
});
afterAll(async () => {
  await well.stop();
  client.disconnect();
  await redis.stop();
});

/** Signs somebody in in a process that ends after so many commands; whether it ended before it was done. */
async function killedAfter(
  commands: number,
  browser: Browser | undefined,
  who: string,
): Promise<boolean> {
  const way = await LastWay.to(redis.port);
  const only = redis.client({ port: way.port, retryStrategy: () => null });
  const app = await start(only, {
    backendTimeout: '250ms',
    principals: { maxSessions: MOST, onLimit: 'end-oldest' },
  });
  try {
    const own = app.browser();
    if (browser) own.token = browser.token;
    // What is asked for once is asked for now.
    await app.app.get(SessionService).list('nobody');
    way.endAfter(commands);
    const { status } = await own.post(`/sign-in/${who}`);
    expect([200, 503]).toContain(status);
    return way.isOver || status === 503;
  } finally {
    only.disconnect();
    await app.stop();
    await way.stop();
  }
}

/** As after the time for which an entry may stand for a session that is about to be written. */
async function afterLease(): Promise<void> {
  for (const key of await client.keys('sess:of:*')) {
    const entries = await client.zrangebyscore(key, 0, '+inf', 'WITHSCORES');
    for (let i = 0; i < entries.length; i += 2) {
      await client.zincrby(key, -LEASE_MS - 1_000, entries[i]!);
    }
  }
}

async function principalOf(id: string): Promise<string | undefined> {
  return (await well.app.get(SessionService).get(id))?.principal;
}

let users = 0;
const SITUATIONS: Record<string, (who: string) => Promise<Browser | undefined>> = {
  'a new session': async () => undefined,
  'a session that is nobody’s': async () => {
    const browser = well.browser();
    await browser.post('/set/field1');
    return browser;
  },
  'a session that is theirs': async (who) => {
    const browser = well.browser();
    await browser.post(`/sign-in/${who}`);
    return browser;
  },
  'a session of somebody else': async (who) => {
    const browser = well.browser();
    await browser.post(`/sign-in/else-${who}`);
    return browser;
  },
  'the third session, where two are the most': async (who) => {
    for (let i = 0; i < MOST; i++) await well.browser().post(`/sign-in/${who}`);
    return undefined;
  },
};

describe.each(Object.keys(SITUATIONS))(
  'a process that is killed while it signs in %s',
  RETRIED,
  (name) => {
    it('leaves no device that is none, no place that is taken, and no key for ever', async () => {
      const sessions = well.app.get(SessionService);
      let isKilled = true;
      let commands = 0;
      for (; isKilled; commands++) {
        expect(commands).toBeLessThan(MOST_COMMANDS);
        await client.flushall();
        const who = `killed-${++users}`;
        const browser = await SITUATIONS[name]!(who);
        isKilled = await killedAfter(commands, browser, who);

        for (const key of await client.keys('*')) expect(await client.pttl(key)).toBeGreaterThan(0);
        const listed = await sessions.list(who);
        expect(await Promise.all(listed.map(({ id }) => principalOf(id)))).toEqual(
          listed.map(() => who),
        );
        // Whose sessions no list shows is signed in nowhere.
        const ids = (await client.keys('sess:*')).map((key) => key.slice('sess:'.length));
        const whose = await Promise.all(ids.map((id) => principalOf(id).catch(() => undefined)));
        expect(whose.filter((each) => each === who)).toHaveLength(listed.length);

        await afterLease();
        const statuses: number[] = [];
        for (let i = listed.length; i <= MOST; i++) {
          statuses.push((await well.browser().post(`/sign-in/${who}`)).status);
        }
        const free = Math.max(0, MOST - listed.length);
        expect(statuses).toEqual([
          ...Array.from({ length: free }, () => 200),
          ...[409].slice(0, statuses.length - free),
        ]);
      }
      // It took some commands, and each of them was the last one once.
      expect(commands).toBeGreaterThan(2);
    });
  },
);
