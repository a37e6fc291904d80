import type { PostgresServer } from '../../support/postgres-server.js';
import type { RedisServer } from '../../support/redis-server.js';

/** A connection by which a server is asked whether it answers. */
export interface Prober {
  /** Whether it takes writes, and is no replica. Rejects where it does not answer. */
  isPrimary(): Promise<boolean>;
  close(): void;
}

export function proberOfRedis(server: RedisServer): Prober {
  const client = server.client({ maxRetriesPerRequest: 0 });
  return {
    isPrimary: async () => (await client.info('replication')).includes('role:master'),
    close: () => client.disconnect(),
  };
}

export function proberOfPostgres(server: PostgresServer): Prober {
  const pool = server.pool({ max: 1 });
  return {
    isPrimary: async () => {
      const { rows } = await pool.query('SELECT pg_is_in_recovery() AS follows');
      return !(rows as [{ follows: boolean }])[0].follows;
    },
    close: () => void pool.end(),
  };
}
