import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Redis } from 'ioredis';
import { freePort, RedisServer } from '../support/redis-server.js';
import { RETRIED } from '../support/retried.js';
import { CELLS, expectRefused, TroubledApp } from '../support/troubled-app.js';

/** A way to refuse, set by somebody who stays connected. */
interface Refusal {
  name: string;
  begin(admin: Redis): Promise<unknown>;
  end(admin: Redis): Promise<unknown>;
}

/** A client that is not connected needs a new try, which one with ioredis' own delays makes a little later. */
const BACK_MS = { fromUrl: 1000, "a user's client": 2000 };

const killOthers = (admin: Redis) => admin.call('CLIENT', 'KILL', 'TYPE', 'normal');

/** Nothing can be asked for. */
const REFUSES_ALL: Refusal[] = [
  {
    name: 'another password (NOAUTH)',
    begin: async (admin) => {
      await admin.config('SET', 'requirepass', 'another one');
      await killOthers(admin);
    },
    end: (admin) => admin.config('SET', 'requirepass', ''),
  },
  {
    name: 'too many clients (maxclients)',
    begin: async (admin) => {
      await admin.config('SET', 'maxclients', 1);
      await killOthers(admin);
    },
    end: (admin) => admin.config('SET', 'maxclients', 1000),
  },
  {
    name: 'a user with fewer rights (NOPERM)',
    begin: (admin) => admin.acl('SETUSER', 'default', '-get', '-mget', '-set', '-evalsha'),
    end: (admin) => admin.acl('SETUSER', 'default', '+@all'),
  },
];

/** Reading goes on. */
const REFUSES_WRITES: Refusal[] = [
  {
    name: 'a replica (READONLY)',
    begin: async (admin) => admin.replicaof('127.0.0.1', await freePort()),
    end: (admin) => admin.replicaof('NO', 'ONE'),
  },
  {
    name: 'no memory left (OOM)',
    begin: (admin) => admin.config('SET', 'maxmemory', 1),
    end: (admin) => admin.config('SET', 'maxmemory', 0),
  },
];

const FAILED = expect.stringMatching(/^The session backend failed to update: /);
const WRITTEN_AGAIN = 'The session backend can be written again';
const TOUCHED_AT_ONCE = { touchInterval: 0.001 };

describe.each(CELLS)(
  'a Redis that refuses, on $adapter with $client',
  RETRIED,
  ({ adapter, client }) => {
    let server: RedisServer;
    let admin: Redis;
    let app: TroubledApp;
    beforeAll(async () => {
      server = await RedisServer.start();
      admin = server.client();
    });
    afterEach(() => app.stop());
    afterAll(async () => {
      admin.disconnect();
      await server.stop();
    });

    it.each(REFUSES_ALL)('$name: 503 in time, and back without a restart', async (refusal) => {
      app = await TroubledApp.start({ adapter, server, client: client! });
      await refusal.begin(admin);
      await app.expectUnavailable();
      await app.expectUnharmed();
      await refusal.end(admin);
      await app.expectBack({ field1: 1 }, BACK_MS[client as keyof typeof BACK_MS]);
      expectLinesOnce();
    });

    it.each(REFUSES_WRITES)('$name: reading goes on, writing is 503', async (refusal) => {
      app = await TroubledApp.start({ adapter, server, client: client! });
      const { visitor } = app;
      await refusal.begin(admin);
      for (let i = 0; i < 3; i++) {
        const answer = await visitor.get('/session');
        expect([answer.status, answer.json(), answer.setCookies]).toEqual([200, { field1: 1 }, []]);
        await expectRefused(visitor.post('/set/2'));
        await expectRefused(visitor.post('/increment'));
      }
      await app.expectUnharmed();
      await refusal.end(admin);
      await app.expectBack();
      await app.expectLogged(FAILED, WRITTEN_AGAIN);
    });

    it('a handler whose regenerate() or destroy() fails: 503, and no line for each request', async () => {
      app = await TroubledApp.start({ adapter, server, client: client! });
      await admin.replicaof('127.0.0.1', await freePort());
      for (let i = 0; i < 3; i++) {
        await expectRefused(app.visitor.post('/sign-in'));
        await expectRefused(app.visitor.post('/sign-out'));
        await expectRefused(app.visitor.post('/sign-out-and-set/2'));
      }
      await admin.replicaof('NO', 'ONE');
      await app.expectBack();
      await app.expectLogged(FAILED, WRITTEN_AGAIN);
      const ofRequests = app.app.logs.lines.filter((line) => line.endsWith(' SessionService'));
      expect(ofRequests).toEqual([]);
    });

    it('a use that cannot be written does not keep a session from being read', async () => {
      app = await TroubledApp.start({ adapter, server, client: client!, session: TOUCHED_AT_ONCE });
      await admin.config('SET', 'maxmemory', 1);
      for (let i = 0; i < 3; i++) {
        expect((await app.visitor.get('/session')).json()).toEqual({ field1: 1 });
      }
      await admin.config('SET', 'maxmemory', 0);
      await app.expectBack();
      expectLinesOnce();
    });

    function expectLinesOnce(): void {
      expect(app.logged.length).toBeGreaterThan(0);
      expect(app.logged).toEqual([...new Set(app.logged)]);
    }
  },
);
