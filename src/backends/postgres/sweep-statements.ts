import { FENCE_MS } from '../principal-index.js';
import { LOCK } from './schema.js';
import type { TableNames } from './table-names.js';

/** How many rows one statement looks at: so few that nobody waits for it. */
export const SWEEP_BATCH = 500;

/** When the statement began, in milliseconds: fixed within it, so that an index may be searched by it. */
const BEGAN = 'floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint';

interface Sweep {
  readonly table: string;
  readonly key: string;
  /** When a row is over. */
  readonly over: string;
  /** A number for the table, by which one process at a time sweeps it. */
  readonly oid: string;
}

/**
 * Looks at rows whose time to be looked at has come, as far as nobody has locked them: what is over is removed, the others are
 * looked at when they would be over. What is used meanwhile is seen as it is then, and stays.
 *
 * Gives how many were looked at: none where another process does so.
 */
function sweepStatement({ table, key, over, oid }: Sweep): string {
  return `WITH turn AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock(${LOCK}, ${oid}::integer) AS is_mine
  ), due AS MATERIALIZED (
    SELECT ${key} FROM ${table} WHERE sweep_ms <= ${BEGAN} AND (SELECT is_mine FROM turn)
    ORDER BY sweep_ms LIMIT ${SWEEP_BATCH} FOR UPDATE SKIP LOCKED
  ), removed AS (
    DELETE FROM ${table} AS s USING due WHERE s.${key} = due.${key} AND ${over} <= ${BEGAN}
  ), kept AS (
    UPDATE ${table} AS s SET sweep_ms = ${over} FROM due WHERE s.${key} = due.${key} AND ${over} > ${BEGAN}
  ) SELECT count(*) FROM due`;
}

export function sweepSessionsStatement({ sessions, oid }: TableNames): string {
  return sweepStatement({ table: sessions, key: 'id', over: 's.expires_ms', oid });
}

/** An index is over when the last entry is, and nobody has to be told of its fence. */
export function sweepPrincipalsStatement({ principals }: TableNames): string {
  const entries = `CASE WHEN s.entries = '{}' THEN 0 ELSE s.latest_ms + s.longest_ms END`;
  const over = `greatest(${entries}, s.fence_us / 1000 + ${FENCE_MS})`;
  const oid = `'${principals}'::regclass::oid`;
  return sweepStatement({ table: principals, key: 'principal', over, oid });
}
