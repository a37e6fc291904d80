import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { BenchContext } from '../benchmark.js';
import { quantile } from '../statistics.js';
import { type Column, decimal, markdownTable } from '../table.js';
import { fill } from './rows.js';
import { withPostgres } from './server.js';
import { type Keeper, KEEPERS } from './stores.js';

const PER_SECOND = 2000;
const TICK_MS = 10;
const MEGABYTE = 1024 * 1024;

/** What PostgreSQL says of a table. */
interface Table {
  readonly table_bytes: number;
  readonly index_bytes: number;
  readonly updates: number;
  readonly hot: number;
  readonly dead: number;
  readonly vacuums: number;
  /** Of the whole server. */
  readonly wal_bytes: number;
}

interface Result {
  readonly label: string;
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
  readonly before: Table;
  readonly after: Table;
}

const megabytes = (bytes: number) => decimal(bytes / MEGABYTE, 0);
const COLUMNS: readonly Column<Result>[] = [
  ['kept by', ({ label }) => label],
  ['writes/s', ({ perSecond }) => decimal(perSecond, 0)],
  ['p50 ms', ({ latenciesMs }) => decimal(quantile(latenciesMs, 0.5), 2)],
  ['p99 ms', ({ latenciesMs }) => decimal(quantile(latenciesMs, 0.99), 2)],
  ['p99.9 ms', ({ latenciesMs }) => decimal(quantile(latenciesMs, 0.999), 1)],
  ['table MB before', ({ before }) => megabytes(before.table_bytes)],
  ['after', ({ after }) => megabytes(after.table_bytes)],
  ['indexes MB before', ({ before }) => megabytes(before.index_bytes)],
  ['after', ({ after }) => megabytes(after.index_bytes)],
  ['HOT %', ({ before, after }) => decimal(100 * share(before, after), 1)],
  ['dead rows', ({ after }) => String(after.dead)],
  ['autovacuums', ({ before, after }) => String(after.vacuums - before.vacuums)],
  ['log (WAL) MB', ({ before, after }) => megabytes(after.wal_bytes - before.wal_bytes)],
];

const LEGEND = [
  'Writes of one field each to sessions picked at random, by one process over ten connections, fsync and autovacuum on. HOT: updates',
  'that left the indexes alone. Dead rows: old versions that were there at the end. Latency is from when a write was due.',
].join('\n');

/** What becomes of a table that is written to for long. */
export async function measureWrites({ options, signal }: BenchContext): Promise<unknown> {
  const { sessions = 1_000_000, seconds = 600, only } = options;
  console.log(`${sessions} sessions, ${PER_SECOND} writes a second for ${seconds} s`);
  const results: Result[] = [];
  for (const open of KEEPERS.filter(({ name }) => only.test(name))) {
    // A server for each: what is written to the log is of one of them alone.
    const result = await withPostgres(async (_, pool) => {
      const keeper = open(pool);
      const ids = await fill(keeper, sessions, signal);
      await pool.query(`VACUUM ANALYZE ${keeper.table}`);
      return writeFor(seconds, keeper, ids, pool, signal);
    });
    results.push(result);
  }
  console.log(`\n${markdownTable(COLUMNS, results)}\n\n${LEGEND}`);
  return results.map((result) => ({ ...result, latenciesMs: undefined }));
}

async function writeFor(
  seconds: number,
  keeper: Keeper,
  ids: readonly string[],
  pool: Pool,
  signal: AbortSignal,
): Promise<Result> {
  const before = await tableOf(pool, keeper);
  const latenciesMs: number[] = [];
  const failures: unknown[] = [];
  const underWay = new Set<Promise<unknown>>();
  const startedAtMs = performance.now();
  const count = seconds * PER_SECOND;
  for (let sent = 0; sent < count && failures.length === 0;) {
    signal.throwIfAborted();
    const due = Math.min(
      count,
      Math.floor(((performance.now() - startedAtMs) * PER_SECOND) / 1000),
    );
    for (; sent < due; sent++) {
      const dueAtMs = startedAtMs + (sent * 1000) / PER_SECOND;
      const id = ids[Math.floor(Math.random() * ids.length)]!;
      const writing = keeper.write(id, sent).then(
        () => latenciesMs.push(performance.now() - dueAtMs),
        (error: unknown) => failures.push(error),
      );
      underWay.add(writing);
      void writing.then(() => underWay.delete(writing));
    }
    await sleep(TICK_MS);
  }
  await Promise.all(underWay);
  if (failures.length > 0) throw failures[0];
  const perSecond = (count * 1000) / (performance.now() - startedAtMs);
  // What the connections have counted is told a second later.
  await sleep(2000);
  return {
    label: keeper.label,
    perSecond,
    latenciesMs,
    before,
    after: await tableOf(pool, keeper),
  };
}

async function tableOf(pool: Pool, { table }: Keeper): Promise<Table> {
  const { rows } = await pool.query<Table>(
    `SELECT pg_table_size(relid)::float8 AS table_bytes, pg_indexes_size(relid)::float8 AS index_bytes,
       n_tup_upd::int AS updates, n_tup_hot_upd::int AS hot, n_dead_tup::int AS dead, autovacuum_count::int AS vacuums,
       (pg_current_wal_lsn() - '0/0')::float8 AS wal_bytes
     FROM pg_stat_user_tables WHERE relname = $1`,
    [table],
  );
  return rows[0]!;
}

function share(before: Table, after: Table): number {
  return (after.hot - before.hot) / (after.updates - before.updates);
}
