import { EMPTY_MS, OPERATION_MS } from '../session-backend.js';
import { OPERATION_PREFIX } from '../session-record.js';
import { endOf, jsonNumber, NOW, notify, numberText, storedTime, sum } from './expressions.js';
import { COLUMNS, VERSION } from './record-row.js';
import type { TableNames } from './table-names.js';

/**
 * What both statements take: $1 id, $2 the deadline, $3 and $4 the standard lives, $5 the generation, $6 the hash, $7 whether
 * it is a use, $8 a new hash, $9 a new generation, $10 the grace. The one for data also takes $11 the name of the change,
 * $12 and $13 metadata and data to set, $14 names to remove, $15 names to keep, $16 and $17 names and numbers to add.
 */
const STANDARD = { idle: '$3', absolute: '$4' };

/** What the record has without what leaves it: its `base`, to which numbers are added. */
const DATA_BASE = `CASE WHEN is_repeated THEN data
  WHEN $15::text[] IS NULL THEN data - $14::text[]
  ELSE (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(data)
    WHERE key IN (SELECT unnest($15::text[]))) - $14::text[] END`;

const SUMS = `(SELECT coalesce(jsonb_object_agg(name, ${numberText('total')}), '{}')
  FROM unnest($16::text[], $17::float8[]) AS added (name, by)
  CROSS JOIN LATERAL (SELECT coalesce(${jsonNumber('(base ->> name)')}, 0) AS number) AS stored
  CROSS JOIN LATERAL (SELECT ${sum('number', 'by')} AS total) AS summed
  WHERE total IS NOT NULL)`;

/** Metadata without the names of changes that nobody sends any more. */
const META = `CASE WHEN is_repeated THEN meta ELSE
  ((SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(meta)
    WHERE NOT starts_with(key, '${OPERATION_PREFIX}') OR ${jsonNumber(`(value #>> '{}')`)} > now) - $14::text[])
  || $12::jsonb
  || CASE WHEN $11::text IS NULL THEN '{}' ELSE jsonb_build_object($11::text, (now + ${OPERATION_MS})::text) END
  END`;

const CHANGED_DATA = `SELECT admitted.*, ${META} AS new_meta,
    CASE WHEN is_repeated THEN base ELSE base || $13::jsonb || ${SUMS} END AS new_data
  FROM admitted CROSS JOIN LATERAL (SELECT ${DATA_BASE} AS base) AS left_over`;

const UNCHANGED_DATA = `SELECT *, meta AS new_meta, data AS new_data FROM admitted`;

function isEmpty(data: string, meta: string): string {
  return `(${data} = '{}' AND NOT ${meta} ? '$principal')`;
}

/**
 * Applies one change, as `AtomicSessionBackend.update` says. First the row is locked, which gives what the change before has
 * left; then the clock is read, so that a change that had to wait is not applied after its deadline.
 *
 * Gives no row where there is no record, or whether it is too late, whether it is applied, whether the hash is current, was
 * empty, is empty, the session's end, and what the record says of its cookie.
 *
 * @param hasData whether the change has any: the data of one that has none are not written again
 */
export function updateStatement({ sessions, channel }: TableNames, hasData: boolean): string {
  return `WITH stored AS MATERIALIZED (
    SELECT id, ${COLUMNS.join(', ')}, expires_ms FROM ${sessions} WHERE id = $1 AND version = ${VERSION} FOR NO KEY UPDATE
  ), timed AS MATERIALIZED (
    SELECT *, ${NOW} AS now FROM stored WHERE jsonb_typeof(meta) = 'object' AND jsonb_typeof(data) = 'object'
  ), living AS MATERIALIZED (
    SELECT *, now > $2::float8 AS is_late, ${endOf('created_ms', 'seen_ms', 'meta', STANDARD)} AS ended_ms FROM timed
  ), admitted AS MATERIALIZED (
    SELECT *, ${isEmpty('data', 'meta')} AS was_empty, ${hasData ? 'coalesce(meta ? $11::text, false)' : 'false'} AS is_repeated
    FROM living
    WHERE NOT is_late AND expires_ms > now AND ended_ms > now AND created_ms IS NOT NULL AND seen_ms IS NOT NULL
      AND (generation = $5::text OR hash = $8::text)
  ), changed AS MATERIALIZED (
    ${hasData ? CHANGED_DATA : UNCHANGED_DATA}
  ), emptied AS MATERIALIZED (
    SELECT *, ${isEmpty('new_data', 'new_meta')} AS is_empty,
      $9::text IS NOT NULL AND generation = $5::text AS is_replaced,
      CASE WHEN $7::boolean THEN greatest(now, seen_ms) ELSE seen_ms END AS new_seen
    FROM changed
  ), settled AS MATERIALIZED (
    SELECT *, ${endOf('created_ms', 'new_seen', 'new_meta', STANDARD)} AS end_ms,
      coalesce($8::text <> hash AND ($9::text IS NOT NULL OR (hash = $6::text AND NOT is_empty)), false) AS is_renewed
    FROM emptied
  ), stayed AS MATERIALIZED (
    SELECT *, ${storedTime(`greatest(now + 1, CASE WHEN is_empty THEN least(end_ms, now + ${EMPTY_MS}) ELSE end_ms END)`)}
      AS new_expires FROM settled
  ), written AS (
    UPDATE ${sessions} AS s SET
      generation = CASE WHEN is_replaced THEN $9::text ELSE s.generation END,
      hash = CASE WHEN is_renewed THEN $8::text ELSE s.hash END,
      renewed_ms = CASE WHEN is_renewed THEN now ELSE s.renewed_ms END,
      previous = CASE WHEN NOT is_renewed THEN s.previous
        WHEN $9::text IS NULL THEN s.hash || '.' || (now + $10::float8)::bigint END,
      seen_ms = new_seen,${hasData ? 'meta = new_meta, data = new_data,' : ''}
      expires_ms = new_expires,
      sweep_ms = least(s.sweep_ms, new_expires)
    FROM stayed WHERE s.id = stayed.id
    RETURNING s.id, s.generation, s.hash, was_empty, is_empty, is_replaced, ended_ms, end_ms, new_meta
  )
  SELECT is_late, written.id IS NOT NULL, written.hash IN ($6::text, $8::text), was_empty, is_empty, end_ms,
    new_meta ->> '$persistent',
    CASE WHEN is_replaced THEN ${notify(channel, `'replaced'`, 'written.generation', 'written.id')} END,
    CASE WHEN end_ms < written.ended_ms OR (is_empty AND NOT was_empty) THEN ${notify(channel, `'shortened'`, 'written.id')} END
  FROM living LEFT JOIN written ON true`;
}
