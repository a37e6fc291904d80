import type { Pool } from 'pg';
import type { BenchContext } from '../benchmark.js';
import { type Column, decimal, markdownTable } from '../table.js';
import { withPostgres } from './server.js';
import { type Keeper, KEEPERS } from './stores.js';

/** How many sessions are under way at the same time. */
const BATCH = 1000;

interface Size {
  readonly label: string;
  readonly tableBytes: number;
  readonly indexBytes: number;
}

const COLUMNS: readonly Column<Size>[] = [
  ['kept by', ({ label }) => label],
  ['table, bytes/session', ({ tableBytes }) => decimal(tableBytes, 0)],
  ['indexes, bytes/session', ({ indexBytes }) => decimal(indexBytes, 0)],
];

const LEGEND =
  'One row for a session: five small fields and one of 200 bytes. `pg_table_size` and `pg_indexes_size` after VACUUM, by sessions.';

/** What a session takes in PostgreSQL. */
export async function measureRows({ options, signal }: BenchContext): Promise<unknown> {
  const { sessions = 1_000_000 } = options;
  console.log(`${sessions} sessions in each table`);
  return withPostgres(async (_, pool) => {
    const sizes: Size[] = [];
    for (const open of KEEPERS) {
      const keeper = open(pool);
      await fill(keeper, sessions, signal);
      sizes.push(await sizeOf(pool, keeper, sessions));
    }
    console.log(`\n${markdownTable(COLUMNS, sizes)}\n\n${LEGEND}`);
    return sizes;
  });
}

/** Adds sessions; their ids. */
export async function fill(
  keeper: Keeper,
  sessions: number,
  signal: AbortSignal,
): Promise<string[]> {
  const ids: string[] = [];
  const startedAtMs = performance.now();
  while (ids.length < sessions) {
    signal.throwIfAborted();
    const count = Math.min(BATCH, sessions - ids.length);
    ids.push(...(await Promise.all(Array.from({ length: count }, () => keeper.add()))));
  }
  const seconds = (performance.now() - startedAtMs) / 1000;
  console.error(`${keeper.label}: ${sessions} sessions in ${decimal(seconds, 1)} s`);
  return ids;
}

async function sizeOf(pool: Pool, { label, table }: Keeper, sessions: number): Promise<Size> {
  await pool.query(`VACUUM ANALYZE ${table}`);
  const { rows } = await pool.query<{ rows: number; table_bytes: number; index_bytes: number }>(
    `SELECT count(*)::int AS rows, pg_table_size($1::regclass)::float8 AS table_bytes,
       pg_indexes_size($1::regclass)::float8 AS index_bytes FROM ${table}`,
    [table],
  );
  const [held] = rows;
  if (held!.rows !== sessions) throw new Error(`${table} has ${held!.rows} rows, not ${sessions}`);
  return {
    label,
    tableBytes: held!.table_bytes / sessions,
    indexBytes: held!.index_bytes / sessions,
  };
}
