import { DOUBT_MS, FENCE_MS } from '../principal-index.js';
import { NOW, storedTime } from './expressions.js';
import type { TableNames } from './table-names.js';

/**
 * A principal's index is one row: its entries as JSON, the latest of them that there has been, the greatest life of one, and
 * the fence: when it was put up, in microseconds, and what no earlier entry is greater than, which is later than that where
 * entries come faster than milliseconds pass, or the clock was set back. Of the session that the fence leaves alone it has the
 * last fence that does not.
 *
 * One row, because a statement that has waited for its lock sees the row as it is then, and nothing else.
 */
const NOW_US = 'floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint';

const FENCE_COLUMNS = [
  'fence_us',
  'fence_ms',
  'except_id',
  'except_fence_us',
  'except_fence_ms',
] as const;

/**
 * $1: the principal's key, $2: the id, $3: the greatest life of its session, $4: the request's age, $5: the fence it is later
 * than. Gives what became of it, when it was entered, and had been before, how many there are, the fence and its age in ms, and until
 * when the last fence ends entries, with the session that it leaves alone; or no row where somebody else makes the principal's row just now.
 */
export function enterStatement({ principals }: TableNames): string {
  return `WITH stored AS MATERIALIZED (
    SELECT principal, entries, latest_ms, longest_ms, ${FENCE_COLUMNS.join(', ')}
    FROM ${principals} WHERE principal = $1 FOR NO KEY UPDATE
  ), timed AS MATERIALIZED (
    SELECT stored.*, ${NOW_US} AS now_us FROM (SELECT 1) AS always LEFT JOIN stored ON true
  ), found AS MATERIALIZED (
    SELECT principal IS NOT NULL AS is_there, coalesce(entries, '{}') AS entries, coalesce(latest_ms, 0) AS latest_ms,
      greatest(longest_ms, ${storedTime('$3::float8')}) AS longest_ms, coalesce(fence_ms, 0) AS last_fence_ms,
      coalesce(fence_us, 0) AS last_fence_us, except_id,
      coalesce(CASE WHEN except_id = $2::text THEN except_fence_us ELSE fence_us END, 0) AS fence_us,
      coalesce(CASE WHEN except_id = $2::text THEN except_fence_ms ELSE fence_ms END, 0) AS fence_ms,
      now_us, now_us / 1000 AS now_ms
    FROM timed
  ), kept AS MATERIALIZED (
    SELECT *, now_us - fence_us <= ${FENCE_MS * 1000} AS is_told, (
      SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(entries) WHERE value::bigint > now_ms - longest_ms
    ) AS left_entries FROM found
  ), looked AS MATERIALIZED (
    SELECT *, (left_entries -> $2::text)::bigint AS before_ms, (now_us - fence_us) / 1000.0 AS age_ms FROM kept
  ), judged AS MATERIALIZED (
    SELECT *, CASE
      WHEN is_told AND age_ms < $4::float8 THEN 'overtaken'
      WHEN is_told AND age_ms < $4::float8 + ${DOUBT_MS} AND fence_us IS DISTINCT FROM $5::float8::bigint THEN 'doubtful'
      WHEN is_told AND before_ms <= fence_ms THEN 'fenced'
      ELSE 'entered' END AS status
    FROM looked
  ), entered AS MATERIALIZED (
    SELECT *, CASE WHEN status = 'entered' THEN greatest(now_ms, latest_ms + 1, last_fence_ms + 1) ELSE before_ms END AS entered_ms
    FROM judged
  ), settled AS MATERIALIZED (
    SELECT *, CASE WHEN entered_ms IS NULL THEN left_entries
      ELSE left_entries || jsonb_build_object($2::text, entered_ms) END AS new_entries FROM entered
  ), written AS (
    UPDATE ${principals} AS p SET entries = new_entries, longest_ms = settled.longest_ms,
      latest_ms = greatest(p.latest_ms, entered_ms)
    FROM settled WHERE p.principal = $1 AND is_there RETURNING 1
  ), made AS (
    INSERT INTO ${principals} (principal, entries, latest_ms, longest_ms, sweep_ms)
    SELECT $1, new_entries, entered_ms, longest_ms, ${storedTime('entered_ms::float8 + longest_ms')} FROM settled WHERE NOT is_there
    ON CONFLICT DO NOTHING RETURNING 1
  )
  SELECT status, coalesce(entered_ms, 0), before_ms, (SELECT count(*) FROM jsonb_object_keys(new_entries)),
    CASE WHEN is_told THEN fence_us END, age_ms,
    CASE WHEN now_us - last_fence_us <= ${FENCE_MS * 1000} THEN last_fence_ms END, except_id
  FROM settled WHERE EXISTS (SELECT FROM written) OR EXISTS (SELECT FROM made)`;
}

/** $1: the principal's key, $2: the greatest life of a session. */
export function extendStatement({ principals }: TableNames): string {
  const length = storedTime('$2::float8');
  return `INSERT INTO ${principals} AS p (principal, longest_ms, sweep_ms)
    VALUES ($1, ${length}, ${storedTime(`${NOW} + $2::float8`)})
    ON CONFLICT (principal) DO UPDATE SET longest_ms = greatest(p.longest_ms, EXCLUDED.longest_ms)`;
}

/** $1: the principal's key, $2 and $3: ids, and when each was entered. A row without entries is to leave with the next sweep. */
export function leaveStatement({ principals }: TableNames): string {
  const left = `(SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(p.entries)
    WHERE (key, value::bigint) NOT IN (SELECT * FROM unnest($2::text[], $3::bigint[])))`;
  return `UPDATE ${principals} AS p SET (entries, sweep_ms) = (
    SELECT entries, CASE WHEN entries = '{}' THEN least(p.sweep_ms, ${NOW}) ELSE p.sweep_ms END
    FROM (SELECT ${left} AS entries) AS left_over
  ) WHERE principal = $1`;
}

/** $1: the principal's key, $2: a limit, $3 and $4: entries before a time, or after one. Gives ids and when they were entered. */
export function entriesStatement({ principals }: TableNames): string {
  return `SELECT key, value FROM ${principals}, jsonb_each_text(entries), LATERAL (SELECT value::bigint AS ms) AS entered
    WHERE principal = $1 AND ms < $3::float8 AND ($4::float8 IS NULL OR ms > $4::float8)
    ORDER BY CASE WHEN $4::float8 IS NULL THEN -ms ELSE ms END LIMIT $2::float8`;
}

/** $1: the principal's key, $2: the session that is left alone, or NULL. Gives what earlier entries are not greater than. */
export function fenceStatement({ principals }: TableNames): string {
  return `INSERT INTO ${principals} AS p (principal, fence_us, fence_ms, except_id, sweep_ms)
    VALUES ($1, ${NOW_US}, ${NOW}, $2::text, ${NOW} + ${FENCE_MS})
    ON CONFLICT (principal) DO UPDATE SET
      fence_us = ${NOW_US}, fence_ms = greatest(${NOW}, p.latest_ms, p.fence_ms), except_id = $2::text,
      except_fence_us = CASE WHEN p.except_id = $2::text THEN p.except_fence_us ELSE p.fence_us END,
      except_fence_ms = CASE WHEN p.except_id = $2::text THEN p.except_fence_ms ELSE p.fence_ms END
    RETURNING fence_ms`;
}
