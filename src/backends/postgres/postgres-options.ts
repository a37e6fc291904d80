import type { PostgresPool } from './pool.js';

/** What `PostgresBackend` takes. */
export interface PostgresBackendOptions {
  /** A pool of yours, of `pg` 8. It stays yours: it is not closed here. */
  pool: PostgresPool;
  /**
   * The table of sessions, with or without its schema. Default `'sessions'`. That of principals has `_principals` behind its
   * name.
   */
  table?: string;
  /** Whether the tables are made where they are not there. Default `false`: `PostgresBackend.schema()` gives the SQL for migrations. */
  createTable?: boolean;
  /**
   * Whether statements are prepared, once by each connection. Default `true`. Write `false` where a pooler that gives each
   * transaction another connection can't prepare, as PgBouncer before 1.21.
   */
  prepare?: boolean;
}

export type PostgresUrlOptions = Omit<PostgresBackendOptions, 'pool'>;
