import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastifySession from '@fastify/session';
import connectPgSimple from 'connect-pg-simple';
import { RedisStore } from 'connect-redis';
import session from 'express-session';
import type { SessionStoreLike } from 'nestjs-server-session/express-session';
import { Pool } from 'pg';
import { createClient } from 'redis';
import sessionFileStore, { type FileStore } from 'session-file-store';
import { PostgresServer } from './postgres-server.js';
import { RedisServer } from './redis-server.js';

/** It has no types. */
const memorystore = createRequire(import.meta.url)('memorystore') as (
  of: typeof session,
) => new (options: object) => session.Store;

/** A store of somebody else over the real thing, and what ends both. */
export interface TestStore {
  store: SessionStoreLike;
  stop(): Promise<void>;
}

const inMemory = (store: SessionStoreLike): TestStore => ({ store, stop: async () => {} });

/** How each store is started. */
export const STORES: Record<string, () => TestStore | Promise<TestStore>> = {
  'express-session’s own': () => inMemory(new session.MemoryStore()),
  '@fastify/session’s own': () => inMemory(new fastifySession.MemoryStore()),
  memorystore: () => inMemory(new (memorystore(session))({ checkPeriod: 1000 })),
  'session-file-store': startFileStore,
  'connect-pg-simple': startPgStore,
  'connect-redis': startRedisStore,
};

/** As it waits 50 ms between each of five tries for a file that is not there, and a session that has ended is none. */
const FEW_RETRIES = { retries: 1, minTimeout: 1, maxTimeout: 1 };

export async function startFileStore(options: FileStoreOptions = FEW_RETRIES): Promise<TestStore> {
  const path = await mkdtemp(join(tmpdir(), 'sessions-files-'));
  const Store = sessionFileStore(session);
  const store = new Store({ path, reapInterval: -1, logFn: () => {}, ...options });
  return { store, stop: () => rm(path, { recursive: true, force: true }) };
}

type FileStoreOptions = ConstructorParameters<FileStore>[0];

export async function startPgStore(): Promise<TestStore & { server: PostgresServer }> {
  const server = await PostgresServer.start();
  const pool = new Pool({ connectionString: server.url });
  pool.on('error', () => {});
  const Store = connectPgSimple(session);
  return {
    server,
    store: new Store({ pool, createTableIfMissing: true, pruneSessionInterval: false }),
    stop: async () => {
      await server.stop();
      await pool.end();
    },
  };
}

async function startRedisStore(): Promise<TestStore> {
  const server = await RedisServer.start();
  const client = createClient({ url: server.url });
  client.on('error', () => {});
  await client.connect();
  return {
    store: new RedisStore({ client }),
    stop: async () => {
      client.destroy();
      await server.stop();
    },
  };
}
