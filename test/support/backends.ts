import type { Cluster, Redis } from 'ioredis';
import {
  MemoryBackend,
  RedisBackend,
  type SessionBackend,
  type SessionRecord,
} from 'nestjs-server-session';
import { RedisServer } from './redis-server.js';
import { sharedCluster } from './shared-cluster.js';

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

export type BackendName = 'memory' | 'redis' | 'three methods' | 'redis cluster';

/** A backend of one kind, and what ends it. */
export interface TestBackend {
  backend: SessionBackend;
  stop(): Promise<void>;
}

/** Those kinds that are Redis, which a test may want to look into. */
export type RedisName = Extract<BackendName, `redis${string}`>;

export interface TestRedis extends TestBackend {
  client: Redis | Cluster;
}

/** `redis cluster` is for files that share one, as all that import the matrix do. */
export async function startBackend(name: BackendName): Promise<TestBackend> {
  switch (name) {
    case 'memory':
      return { backend: new MemoryBackend(), stop: async () => {} };
    case 'three methods':
      return { backend: new ThreeMethodBackend(), stop: async () => {} };
    default:
      return startRedis(name);
  }
}

export async function startRedis(name: RedisName): Promise<TestRedis> {
  const server = name === 'redis' ? await RedisServer.start() : undefined;
  const client = server?.client() ?? (await sharedCluster()).client();
  return {
    client,
    backend: new RedisBackend({ client }),
    stop: async () => {
      client.disconnect();
      await server?.stop();
    },
  };
}
