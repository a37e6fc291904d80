import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Owned } from '../owned.js';
import type { PostgresPool } from './pool.js';

/** A connection that takes longer is tried anew. */
const CONNECT_TIMEOUT_MS = 1000;
/** How long a PostgreSQL may take to answer what was asked before it is left. */
const END_TIMEOUT_MS = 2000;

/** The pool of a URL. */
export function ownedPool(url: string): Owned<PostgresPool> {
  return new Owned<PostgresPool>(
    () =>
      new pg.Pool({
        connectionString: url,
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        keepAlive: true,
        fallback_application_name: 'nestjs-server-session',
      }),
    (pool) => end(pool as pg.Pool),
  );
}

/** Closes a pool after what was asked has been answered. */
async function end(pool: pg.Pool): Promise<void> {
  const ended = pool.end().catch(() => {});
  await Promise.race([ended, sleep(END_TIMEOUT_MS, undefined, { ref: false })]);
}
