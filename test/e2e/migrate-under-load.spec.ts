import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import flash from 'connect-flash';
import connectPgSimple from 'connect-pg-simple';
import { RedisStore } from 'connect-redis';
import express from 'express';
import expressSession, { type Store } from 'express-session';
import { RedisBackend, type SessionBackend, SessionService } from 'nestjs-server-session';
import { expressSession as fromExpressSession } from 'nestjs-server-session/express-session';
import { PostgresBackend } from 'nestjs-server-session/postgres';
import { createClient } from 'redis';
import { Browser } from '../support/browser.js';
import { authenticator, PASSWORD, startPassportApp } from '../support/passport-app.js';
import { RedisServer } from '../support/redis-server.js';
import { sharedPostgres } from '../support/shared-servers.js';

const SECRET = 'short';
const HOUR_MS = 3_600_000;
const USERS = ['ada', 'ben', 'cyd', 'dora', 'eve', 'finn'];
/** Requests of each browser to each of the two applications. */
const ROUNDS = 8;
const PATIENCE_MS = 30_000;
const TABS = 3;

/** A request as passport and connect-flash furnish it. */
interface Furnished {
  user?: { name: string };
  flash(type?: string, text?: string): unknown;
}

/** Where the old sessions are, and where the new ones will be. */
interface Move {
  store: Store;
  backend: SessionBackend;
  stop(): Promise<void>;
}

const MOVES: Record<string, () => Promise<Move>> = {
  'connect-redis to Redis': async () => {
    const redis = await RedisServer.start();
    const client = await createClient({ url: redis.url }).connect();
    return {
      store: new RedisStore({ client, prefix: 'old:' }),
      backend: new RedisBackend({ client }),
      stop: async () => {
        client.destroy();
        await redis.stop();
      },
    };
  },
  'connect-pg-simple to PostgreSQL': async () => {
    const pool = (await sharedPostgres()).pool();
    const PgStore = connectPgSimple(expressSession);
    return {
      store: new PgStore({ pool, createTableIfMissing: true, pruneSessionInterval: false }),
      backend: new PostgresBackend({ pool, table: 'moved_sessions', createTable: true }),
      stop: () => pool.end(),
    };
  },
};

/** As the READMEs of express-session, passport and connect-flash set them up. */
async function startOld(store: Store) {
  const app = express();
  app.use(express.json());
  app.use(
    expressSession({
      store,
      secret: SECRET,
      resave: false,
      saveUninitialized: false,
      cookie: { maxAge: HOUR_MS },
    }),
  );
  app.use(authenticator.initialize());
  app.use(authenticator.session());
  app.use(flash());
  app.post('/login', authenticator.authenticate('local'), (_request, response) => {
    response.json({});
  });
  app.get('/me', (request, response) => {
    response.json({ user: (request as unknown as Furnished).user?.name });
  });
  app.post('/notes', (request, response) => {
    (request as unknown as Furnished).flash('info', 'of before');
    response.json({});
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://127.0.0.1:${port}`, stop };
}

it.each(Object.keys(MOVES))(
  'nobody is signed out, and no flash is lost, when an application with passport moves from %s',
  async (name) => {
    const { store, backend, stop } = await MOVES[name]!();
    const old = await startOld(store);
    const before = USERS.map(() => new Browser(old.url));
    for (const [i, browser] of before.entries()) {
      await browser.postJson('/login', { username: USERS[i], password: PASSWORD });
      await browser.post('/notes');
    }
    const user = async (browser: Browser) => (await browser.get('/me')).json()['user'];
    const use = (browser: Browser, name: string) =>
      Promise.all(
        Array.from({ length: TABS }, async () => {
          for (let i = 0; i < ROUNDS; i++) expect(await user(browser)).toBe(name);
        }),
      );
    await Promise.all(before.map((browser, i) => use(browser, USERS[i]!)));
    await old.stop();

    const app = await startPassportApp(backend, {
      migrate: fromExpressSession({ store, secret: SECRET, keepOldFor: '1h' }),
      principals: {
        of: {
          field: 'passport',
          principal: (value) => (value as { user?: string } | undefined)?.user,
        },
      },
    });
    try {
      const now = before.map(({ cookies }) =>
        Object.assign(app.browser(), { cookies: { ...cookies } }),
      );
      await Promise.all(now.map((browser, i) => use(browser, USERS[i]!)));
      for (const browser of now) {
        expect((await browser.get('/notes')).json()).toEqual({ info: ['of before'] });
        expect((await browser.get('/notes')).json()).toEqual({});
      }
      const sessions = app.app.get(SessionService);
      for (const name of USERS) expect(await sessions.list(name)).toHaveLength(1);

      await Promise.all(now.map((browser) => browser.post('/logout')));
      for (const { cookies } of before) {
        const replaying = Object.assign(app.browser(), { cookies: { ...cookies } });
        expect(await user(replaying)).toBeUndefined();
      }
      for (const name of USERS) expect(await sessions.list(name)).toEqual([]);
    } finally {
      await app.stop();
      await stop();
    }
  },
  PATIENCE_MS,
);
