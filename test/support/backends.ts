import type { Cluster, Redis } from 'ioredis';
import {
  MemoryBackend,
  RedisBackend,
  type SessionBackend,
  type SessionRecord,
} from 'nestjs-server-session';
import { PostgresBackend } from 'nestjs-server-session/postgres';
import { CLIENTS_OF, DEFAULT_PACKAGE, type PackageName } from './redis-clients.js';
import { RedisServer } from './redis-server.js';
import { sharedCluster, sharedPostgres } from './shared-servers.js';

/** A user's own backend: three methods over a Map, and nothing more. */
export class ThreeMethodBackend implements SessionBackend {
  readonly #records = new Map<string, { record: SessionRecord; expiresAtMs: number }>();

  async get(id: string): Promise<SessionRecord | null> {
    const entry = this.#records.get(id);
    return entry && entry.expiresAtMs > Date.now() ? { ...entry.record } : null;
  }

  async set(id: string, record: SessionRecord, ttlSeconds: number): Promise<void> {
    this.#records.set(id, { record: { ...record }, expiresAtMs: Date.now() + ttlSeconds * 1000 });
  }

  async delete(id: string): Promise<void> {
    this.#records.delete(id);
  }
}

export type BackendName =
  'memory' | 'redis' | 'three methods' | 'redis cluster' | 'node-redis' | 'postgres';

/** A backend of one kind, and what ends it. */
export interface TestBackend {
  backend: SessionBackend;
  stop(): Promise<void>;
}

/** Those kinds that are Redis, which a test may want to look into. */
export type RedisName = Exclude<BackendName, 'memory' | 'three methods' | 'postgres'>;

/** A backend that several processes share. */
export interface TestShared extends TestBackend {
  /** One of the same sessions by a client of its own, as another process has it. */
  another(): Promise<TestBackend>;
  /** For how long it keeps a session that is not used. */
  leftMs(id: string): Promise<number>;
}

export interface TestRedis extends TestShared {
  /** Not the backend's: it looks into Redis, and so is of ioredis whatever that is. */
  client: Redis | Cluster;
}

/** The package whose client a kind of backend has. */
export function packageOf(name: RedisName): PackageName {
  return name === 'node-redis' ? name : DEFAULT_PACKAGE;
}

/** `redis cluster` is for files that share one, as all that import the matrix do. */
export async function startBackend(name: BackendName): Promise<TestBackend> {
  switch (name) {
    case 'memory':
      return { backend: new MemoryBackend(), stop: async () => {} };
    case 'three methods':
      return { backend: new ThreeMethodBackend(), stop: async () => {} };
    default:
      return startShared(name);
  }
}

export function startShared(name: RedisName | 'postgres'): Promise<TestShared> {
  return name === 'postgres' ? startPostgres() : startRedis(name);
}

let tables = 0;

async function startPostgres(): Promise<TestShared> {
  const server = await sharedPostgres();
  const table = `sessions_${++tables}`;
  const connect = () => {
    const pool = server.pool();
    const backend = new PostgresBackend({ pool, table, createTable: true });
    return { pool, backend, stop: () => pool.end() };
  };
  const { pool, backend, stop } = connect();
  return {
    backend,
    another: async () => connect(),
    leftMs: async (id) => {
      const now = 'extract(epoch FROM clock_timestamp()) * 1000';
      const query = `SELECT expires_ms - ${now} AS left FROM ${table} WHERE id = $1`;
      return Number((await pool.query(query, [id])).rows[0].left);
    },
    stop,
  };
}

export async function startRedis(name: RedisName): Promise<TestRedis> {
  const server = name === 'redis cluster' ? undefined : await RedisServer.start();
  const client = server?.client() ?? (await sharedCluster()).client();
  const clients = CLIENTS_OF[packageOf(name)];
  const connect = async () => {
    const used = server
      ? clients.single({ host: '127.0.0.1', port: server.port })
      : clients.cluster({ nodes: (await sharedCluster()).addresses });
    // That neither connects while a test looks.
    await used.ready;
    return used;
  };
  const used = await connect();
  if (client.isCluster) await pingAll(client as Cluster);
  return {
    client,
    backend: new RedisBackend({ client: used.client }),
    leftMs: (id) => client.pttl(`sess:${id}`),
    another: async () => {
      const other = await connect();
      return {
        backend: new RedisBackend({ client: other.client }),
        stop: async () => void (await other.close()),
      };
    },
    stop: async () => {
      client.disconnect();
      await used.close();
      await server?.stop();
    },
  };
}

async function pingAll(cluster: Cluster): Promise<void> {
  await cluster.ping();
  await Promise.all(cluster.nodes('master').map((node) => node.ping()));
}
