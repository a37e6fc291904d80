import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Redis } from 'ioredis';
import { RedisBackend, SessionBackendError, SessionService } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import type { Answer, Browser } from '../support/browser.js';
import { idIn } from '../support/ageing.js';
import { gate, PrincipalController } from '../support/principal-controller.js';
import { RedisServer } from '../support/redis-server.js';

let redis: RedisServer;
let client: Redis;
beforeAll(async () => {
  redis = await RedisServer.start();
  client = redis.client();
});
afterAll(async () => {
  client.disconnect();
  await redis.stop();
});

let users = 0;
const user = () => `someone-${++users}`;

describe.each(ADAPTERS)('principals on Redis, of two applications on %s', (adapter) => {
  const apps: TestApp[] = [];
  const clients: Redis[] = [];
  async function start(): Promise<TestApp> {
    const own = redis.client();
    clients.push(own);
    const app = await TestApp.start({
      adapter,
      controllers: [PrincipalController],
      session: { backend: new RedisBackend({ client: own }) },
    });
    apps.push(app);
    return app;
  }
  let one: TestApp;
  let two: TestApp;
  beforeAll(async () => {
    [one, two] = [await start(), await start()];
  });
  afterAll(async () => {
    for (const app of apps) await app.stop();
    for (const own of clients) own.disconnect();
  });
  const sessions = (app: TestApp) => app.app.get(SessionService);
  const me = async (browser: Browser) => (await browser.get('/me')).json();
  async function signedIn(app: TestApp, who: string): Promise<Browser> {
    const browser = app.browser();
    expect((await browser.post(`/sign-in/${who}`)).status).toBe(200);
    return browser;
  }

  /** What a sign-in is answered that had arrived before a revocation by the other application. */
  async function overtaken(who: string, except?: string): Promise<Answer> {
    const waiting = gate('sign-in');
    const running = one.browser().post(`/sign-in/${who}?gate=sign-in`);
    await waiting.reached;
    await sessions(two).revokeAll(who, { except });
    waiting.open();
    return running;
  }

  /** The key of the index that has a browser's session. */
  async function indexOf(browser: Browser): Promise<string> {
    for (const key of await client.keys('sess:of:*')) {
      if ((await client.zscore(key, idIn(browser))) !== null) return key;
    }
    throw new Error('no index has it');
  }

  it.each(['fence', 'longest', 'order', '!fence', ''])(
    'revokeAll holds, whatever a client sends as the id to except: %j',
    async (except) => {
      const ada = user();
      await signedIn(one, ada);
      expect((await overtaken(ada, except)).status).toBe(401);
      expect(await sessions(one).list(ada)).toEqual([]);
      await signedIn(two, ada);
      expect(await sessions(one).list(ada)).toHaveLength(1);
    },
  );

  it('whoever signs in after revokeAll may, however many signed in at once before', async () => {
    const ada = user();
    const index = new RedisBackend({ client }).principals;
    const ids = Array.from({ length: 3000 }, (_, i) => `${i}`);
    await Promise.all(ids.map((id) => index.enter(ada, id, 60_000)));
    await index.fence(ada);
    await signedIn(one, ada);
  });

  it('whoever signs in after revokeAll may, where the clock of Redis was ahead before', async () => {
    const ada = user();
    const browser = await signedIn(one, ada);
    await client.zadd(await indexOf(browser), Date.now() + 3_600_000, idIn(browser));
    const refused = await overtaken(ada);
    expect((await me(browser))['principal']).toBeUndefined();
    expect(refused.status).toBe(401);
    await signedIn(one, ada);
    expect((await overtaken(ada)).status).toBe(401);
  });

  it('no key and no log line shows who is signed in, nor an error of Redis', async () => {
    const ada = 'ada-lovelace@example.org';
    const browser = await signedIn(one, ada);
    const keys = await client.keys('*');
    expect(keys.join()).not.toContain('ada');
    for (const key of keys) expect(await client.pttl(key)).toBeGreaterThan(0);
    const index = await indexOf(browser);
    await client.set(index, 'of a wrong type', 'EX', 60);
    const failing = async () => {
      expect((await browser.post(`/sign-in/${ada}`)).status).toBe(503);
      expect((await one.browser().post(`/sign-in/${ada}`)).status).toBe(503);
      const error: unknown = await sessions(one)
        .revokeAll(ada)
        .catch((error: unknown) => error);
      expect(error).toBeInstanceOf(SessionBackendError);
      expect(inspect(error, { depth: 10 })).not.toContain(ada);
    };
    await failing();
    expect((await me(browser))['principal']).toBe(ada);
    await client.del(index);
    await client.config('SET', 'maxmemory', '1');
    await failing().finally(() => client.config('SET', 'maxmemory', '0'));
    expect(one.logs.lines.join('\n')).not.toContain(ada);
    await signedIn(one, ada);
  });
});
