import type { PostgresServer } from '../../support/postgres-server.js';
import type { RedisServer } from '../../support/redis-server.js';

/** A connection by which a server is asked whether it answers. */
export interface Prober {
  /** Rejects where it does not. */
  ping(): Promise<unknown>;
  close(): void;
}

export function proberOfRedis(server: RedisServer): Prober {
  const client = server.client({ maxRetriesPerRequest: 0 });
  return { ping: () => client.ping(), close: () => client.disconnect() };
}

export function proberOfPostgres(server: PostgresServer): Prober {
  const pool = server.pool({ max: 1 });
  return { ping: () => pool.query('SELECT 1'), close: () => void pool.end() };
}
