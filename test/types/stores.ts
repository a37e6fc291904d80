/** Each store of somebody else is taken as its own package types it; `npm run typecheck` runs it. */
import fastifySession from '@fastify/session';
import connectPgSimple from 'connect-pg-simple';
import { RedisStore } from 'connect-redis';
import session from 'express-session';
import { Keyv } from 'keyv';
import { StoreBackend } from 'nestjs-server-session/express-session';
import { MemcacheClient } from 'memcache-client';
import { KeyvBackend } from 'nestjs-server-session/keyv';
import { MemcachedBackend } from 'nestjs-server-session/memcached';
import { createClient } from 'redis';
import sessionFileStore from 'session-file-store';

export const keyvs: KeyvBackend[] = [
  new KeyvBackend(new Keyv({ throwOnErrors: true })),
  new KeyvBackend(new Keyv<string>({ throwOnErrors: true }), { prefix: 'web:' }),
  new KeyvBackend(new Keyv<{ a: 1 }>({ throwOnErrors: true })),
];
// @ts-expect-error it is no Keyv
export const noKeyv = new KeyvBackend(new Map());

export const stores: StoreBackend[] = [
  new StoreBackend(new session.MemoryStore()),
  new StoreBackend(new RedisStore({ client: createClient() })),
  new StoreBackend(new (connectPgSimple(session))()),
  new StoreBackend(new (sessionFileStore(session))()),
  new StoreBackend(new fastifySession.MemoryStore()),
];
// @ts-expect-error a class is no store
export const noStore = new StoreBackend(RedisStore);
// @ts-expect-error a Map answers by no callback
export const map = new StoreBackend(new Map());

export const caches: MemcachedBackend[] = [
  new MemcachedBackend({ client: new MemcacheClient({ server: '127.0.0.1:11211' }) }),
  MemcachedBackend.fromServer('127.0.0.1:11211', { prefix: 'web:' }),
];
// @ts-expect-error a Map is no client of memcached
export const noCache = new MemcachedBackend({ client: new Map() });
