import {
  MemoryBackend,
  RedisBackend,
  type SessionBackend,
  type SessionRecord,
} from 'nestjs-server-session';
import { RedisServer } from './redis-server.js';

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

export type BackendName = 'memory' | 'redis' | 'three methods';

/** A backend of one kind, and what ends it. */
export interface TestBackend {
  backend: SessionBackend;
  stop(): Promise<void>;
}

export async function startBackend(name: BackendName): Promise<TestBackend> {
  if (name === 'memory') return { backend: new MemoryBackend(), stop: async () => {} };
  if (name === 'three methods') {
    return { backend: new ThreeMethodBackend(), stop: async () => {} };
  }
  const server = await RedisServer.start();
  const client = server.client();
  return {
    backend: new RedisBackend({ client }),
    stop: async () => {
      client.disconnect();
      await server.stop();
    },
  };
}
