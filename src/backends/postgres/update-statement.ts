import { EMPTY_MS, OPERATION_MS } from '../session-backend.js';
import { OPERATION_PREFIX } from '../session-record.js';
import { endOf, jsonNumber, NOW, notify, numberText, storedTime, sum } from './expressions.js';
import { COLUMNS, VERSION } from './record-row.js';
import type { TableNames } from './table-names.js';
import { givenColumns } from './update-call.js';

const STANDARD = { idle: 'standard_idle', absolute: 'standard_absolute' };

/** What the record has without what leaves it: its `base`, to which numbers are added. */
const DATA_BASE = `CASE WHEN is_repeated THEN data
  WHEN kept IS NULL THEN data - removed
  ELSE (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(data)
    WHERE key IN (SELECT unnest(kept))) - removed END`;

/** OFFSET 0 has each computed once: else PostgreSQL would write it out wherever it is used, a hundred times over. */
const SUMS = `(SELECT coalesce(jsonb_object_agg(name, ${numberText('total')}), '{}')
  FROM unnest(added_names, added_numbers) AS added (name, by)
  CROSS JOIN LATERAL (SELECT base ->> name AS text OFFSET 0) AS texts
  CROSS JOIN LATERAL (SELECT coalesce(${jsonNumber('text')}, 0) AS number OFFSET 0) AS stored
  CROSS JOIN LATERAL (SELECT ${sum('number', 'by')} AS total OFFSET 0) AS summed
  WHERE total IS NOT NULL)`;

/** Metadata without the names of changes that nobody sends any more. */
const META = `CASE WHEN is_repeated THEN meta ELSE
  ((SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(meta)
    WHERE NOT starts_with(key, '${OPERATION_PREFIX}') OR ${jsonNumber(`(value #>> '{}')`)} > now) - removed)
  || meta_set
  || CASE WHEN operation IS NULL THEN '{}' ELSE jsonb_build_object(operation, (now + ${OPERATION_MS})::text) END
  END`;

const CHANGED_DATA = `SELECT *, ${META} AS new_meta,
    CASE WHEN is_repeated THEN base ELSE base || data_set || ${SUMS} END AS new_data
  FROM (SELECT *, ${DATA_BASE} AS base FROM admitted OFFSET 0) AS left_over`;

const UNCHANGED_DATA = `SELECT *, meta AS new_meta, data AS new_data FROM admitted`;

function isEmpty(data: string, meta: string): string {
  return `(${data} = '{}' AND NOT ${meta} ? '$principal')`;
}

/** How many changes one statement takes at the most; also what PostgreSQL reckons with when it plans it. */
export const MOST_TOGETHER = 16;

/**
 * One change, whose columns are $1, $2 and so on. It waits for whoever has locked the row, and is applied to what that has left.
 *
 * What is given stands in this first part as columns: had the planner the values everywhere, it would plan the whole statement
 * anew for each change, which takes ten times as long as running it.
 */
function one(sessions: string, given: ReturnType<typeof givenColumns>): string {
  const values = given.map(([name, type], index) => `$${index + 1}::${type} AS ${name}`);
  return `SELECT id, ${COLUMNS.join(', ')}, expires_ms, ${values.join(', ')}
    FROM ${sessions} WHERE id = $1 AND version = ${VERSION} FOR NO KEY UPDATE`;
}

/** Several changes of different sessions, $1 as JSON: of rows that nobody has locked, so that none waits for another's. */
function several(sessions: string, given: ReturnType<typeof givenColumns>): string {
  const types = given.map(([name, type]) => `${name} ${type}`);
  return `SELECT id, ${COLUMNS.join(', ')}, expires_ms, ${given.map(([name]) => name).join(', ')}
    FROM (SELECT * FROM jsonb_to_recordset($1::jsonb) AS given (${types.join(', ')}) LIMIT ${MOST_TOGETHER}) AS given
    JOIN ${sessions} AS s ON id = given_id AND version = ${VERSION} FOR NO KEY UPDATE OF s SKIP LOCKED`;
}

/**
 * Applies changes, as `AtomicSessionBackend.update` says. First the row is locked, which gives what the change before has
 * left; then the clock is read, so that a change that had to wait is not applied after its deadline.
 *
 * Gives no row where there is no record, or where several are given and somebody has locked it; or its id, whether it is too
 * late, whether it is applied, whether the hash is current, was empty, is empty, the session's end, and what the record says of
 * its cookie.
 *
 * @param hasData whether the changes have any: the data of one that has none are not written again
 */
export function updateStatement(
  { sessions, channel }: TableNames,
  hasData: boolean,
  count: 'one' | 'several',
): string {
  const given = givenColumns(hasData);
  return `WITH stored AS MATERIALIZED (
    ${count === 'one' ? one(sessions, given) : several(sessions, given)}
  ), timed AS MATERIALIZED (
    SELECT *, ${NOW} AS now FROM stored WHERE jsonb_typeof(meta) = 'object' AND jsonb_typeof(data) = 'object'
  ), living AS MATERIALIZED (
    SELECT *, now > deadline AS is_late, ${endOf('created_ms', 'seen_ms', 'meta', STANDARD)} AS ended_ms FROM timed
  ), admitted AS MATERIALIZED (
    SELECT *, ${isEmpty('data', 'meta')} AS was_empty, ${hasData ? 'coalesce(meta ? operation, false)' : 'false'} AS is_repeated
    FROM living
    WHERE NOT is_late AND expires_ms > now AND ended_ms > now AND created_ms IS NOT NULL AND seen_ms IS NOT NULL
      AND (generation = known_generation OR hash = next_hash)
  ), changed AS MATERIALIZED (
    ${hasData ? CHANGED_DATA : UNCHANGED_DATA}
  ), emptied AS MATERIALIZED (
    SELECT *, ${isEmpty('new_data', 'new_meta')} AS is_empty,
      next_generation IS NOT NULL AND generation = known_generation AS is_replaced,
      CASE WHEN is_use THEN greatest(now, seen_ms) ELSE seen_ms END AS new_seen
    FROM changed
  ), settled AS MATERIALIZED (
    SELECT *, ${endOf('created_ms', 'new_seen', 'new_meta', STANDARD)} AS end_ms,
      coalesce(next_hash <> hash AND (next_generation IS NOT NULL OR (hash = known_hash AND NOT is_empty)), false) AS is_renewed
    FROM emptied
  ), stayed AS MATERIALIZED (
    SELECT *, ${storedTime(`greatest(now + 1, CASE WHEN is_empty THEN least(end_ms, now + ${EMPTY_MS}) ELSE end_ms END)`)}
      AS new_expires FROM settled
  ), written AS (
    UPDATE ${sessions} AS s SET
      generation = CASE WHEN is_replaced THEN next_generation ELSE s.generation END,
      hash = CASE WHEN is_renewed THEN next_hash ELSE s.hash END,
      renewed_ms = CASE WHEN is_renewed THEN now ELSE s.renewed_ms END,
      previous = CASE WHEN NOT is_renewed THEN s.previous
        WHEN next_generation IS NULL THEN s.hash || '.' || (now + grace)::bigint END,
      seen_ms = new_seen,${hasData ? 'meta = new_meta, data = new_data,' : ''}
      expires_ms = new_expires,
      sweep_ms = least(s.sweep_ms, new_expires)
    FROM stayed WHERE s.id = stayed.id
    RETURNING s.id, s.generation, s.hash, was_empty, is_empty, is_replaced, ended_ms, end_ms, new_meta
  )
  SELECT living.id, is_late, written.id IS NOT NULL, written.hash IN (known_hash, next_hash), was_empty, is_empty, end_ms,
    new_meta ->> '$persistent',
    CASE WHEN is_replaced THEN ${notify(channel, `'replaced'`, 'written.generation', 'written.id')} END,
    CASE WHEN end_ms < written.ended_ms OR (is_empty AND NOT was_empty) THEN ${notify(channel, `'shortened'`, 'written.id')} END
  FROM living LEFT JOIN written ON written.id = living.id`;
}
