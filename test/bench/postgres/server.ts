import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Pool } from 'pg';
import { PostgresBackend } from 'nestjs-server-session/postgres';
import { PostgresServer } from '../../support/postgres-server.js';

/** As a server is run whose data matter, but for its size: what is measured fits into its memory. */
const SETTINGS = {
  fsync: 'on',
  full_page_writes: 'on',
  shared_buffers: '512MB',
  max_wal_size: '4GB',
  max_connections: 300,
  shared_preload_libraries: 'pg_stat_statements',
};

/** Runs a server for as long as some work takes, with the tables of all that is compared. */
export async function withPostgres<T>(
  work: (server: PostgresServer, pool: Pool) => Promise<T>,
): Promise<T> {
  const server = await PostgresServer.start(SETTINGS);
  const pool = server.pool();
  try {
    const peer = createRequire(import.meta.url).resolve('connect-pg-simple/table.sql');
    await pool.query(await readFile(peer, 'utf8'));
    await pool.query(PostgresBackend.schema());
    await pool.query('CREATE TABLE floor (key text PRIMARY KEY, text text NOT NULL)');
    await pool.query('CREATE EXTENSION pg_stat_statements');
    return await work(server, pool);
  } finally {
    await pool.end();
    await server.stop();
  }
}

/** How many statements are run while some work is done. */
export async function statementsRun(pool: Pool, work: () => Promise<unknown>): Promise<number> {
  const before = await statements(pool);
  await work();
  return (await statements(pool)) - before;
}

/** Of sessions; what a backend does by itself now and then, and its asking for the clock, is of no request. */
async function statements(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ calls: number }>(
    `SELECT coalesce(sum(calls), 0)::int AS calls FROM pg_stat_statements
     WHERE query ~* 'session|floor' AND query !~* 'pg_stat|skip locked'`,
  );
  return rows[0]!.calls;
}
