import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import cookie from '@fastify/cookie';
import fastifySessionPlugin from '@fastify/session';
import { RedisStore } from 'connect-redis';
import express from 'express';
import expressSession from 'express-session';
import fastify from 'fastify';
import { createClient } from 'redis';
import type { OldStore } from '../../src/migration/old-store.js';
import { Browser } from './browser.js';

export const OLD_SECRET = 'short';

/** An application as it was before the move. */
export interface OldApp {
  readonly store: OldStore & {
    set(id: string, session: object, done: (error?: unknown) => void): void;
  };
  /** The name of its cookie. */
  readonly cookie: string;
  browser(): Browser;
  stop(): Promise<void>;
}

export type OldLibrary = 'express-session' | '@fastify/session';

const HOUR_MS = 3_600_000;

/** Each signs a user in at `POST /sign-in/:user`, out at `POST /sign-out`, and tells who that is at `GET /me`. */
export async function startOld(library: OldLibrary, redisUrl: string): Promise<OldApp> {
  const client = await createClient({ url: redisUrl }).connect();
  const store = new RedisStore({ client, prefix: 'old:' });
  const started =
    library === 'express-session' ? await startExpress(store) : await startFastify(store);
  return {
    store,
    cookie: library === 'express-session' ? 'connect.sid' : 'sessionId',
    browser: () => new Browser(started.url),
    stop: async () => {
      await started.stop();
      client.destroy();
    },
  };
}

interface Started {
  readonly url: string;
  stop(): Promise<unknown>;
}

async function startExpress(store: RedisStore): Promise<Started> {
  const app = express();
  app.use(
    expressSession({
      store,
      secret: OLD_SECRET,
      resave: false,
      saveUninitialized: false,
      cookie: { maxAge: HOUR_MS },
    }),
  );
  app.post('/sign-in/:user', (request, response) => {
    Object.assign(request.session, { user: request.params.user, cart: ['tea'], visits: 3 });
    response.json({});
  });
  app.post('/sign-out', (request, response) => request.session.destroy(() => response.json({})));
  app.get('/me', (request, response) => {
    response.json({ user: (request.session as { user?: string }).user });
  });
  const server: Server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, stop: () => new Promise((resolve) => server.close(resolve)) };
}

async function startFastify(store: RedisStore): Promise<Started> {
  const app = fastify();
  await app.register(cookie);
  await app.register(fastifySessionPlugin, {
    store,
    secret: OLD_SECRET.padEnd(32, '!'),
    saveUninitialized: false,
    cookie: { maxAge: HOUR_MS, secure: false },
  });
  app.post<{ Params: { user: string } }>('/sign-in/:user', async ({ session, params }) => {
    Object.assign(session, { user: params.user, cart: ['tea'], visits: 3 });
    return {};
  });
  app.post('/sign-out', async ({ session }) => {
    await session.destroy();
    return {};
  });
  app.get('/me', async ({ session }) => ({ user: (session as { user?: string }).user }));
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { url, stop: () => app.close() };
}
