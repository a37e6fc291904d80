import { COLUMNS, VERSION } from './record-row.js';
import { endOf, NOW, notify, storedTime } from './expressions.js';
import type { TableNames } from './table-names.js';

const COLUMN_LIST = COLUMNS.join(', ');
/** `$2` and so on. */
const VALUE_LIST = COLUMNS.map((name, index) => `$${index + 2}::${typeOf(name)}`).join(', ');
const TTL = `$${COLUMNS.length + 2}`;
const DEADLINE = `$${COLUMNS.length + 3}`;

function typeOf(name: (typeof COLUMNS)[number]): string {
  if (name.endsWith('_ms')) return 'bigint';
  return name === 'meta' || name === 'data' ? 'jsonb' : 'text';
}

const EXPIRES = storedTime(`now + ${TTL}::float8 * 1000`);
const OVERWRITE = ['version', ...COLUMNS, 'expires_ms', 'sweep_ms']
  .map((name) => `${name} = EXCLUDED.${name}`)
  .join(', ');

function insert(table: string, condition: string): string {
  return `INSERT INTO ${table} AS s (id, version, ${COLUMN_LIST}, expires_ms, sweep_ms)
    SELECT $1, ${VERSION}, ${VALUE_LIST}, ${EXPIRES}, ${EXPIRES} FROM at ${condition}
    ON CONFLICT (id) DO UPDATE SET ${OVERWRITE}`;
}

/** $1: ids. Gives the id, the version and the columns of each that is alive. */
export function getStatement({ sessions }: TableNames): string {
  return `SELECT id, version, ${COLUMN_LIST} FROM ${sessions}
    WHERE id = ANY ($1::text[]) AND expires_ms > floor(extract(epoch FROM statement_timestamp()) * 1000)`;
}

/** $1: id, then the record's columns, and for how many seconds. */
export function setStatement({ sessions }: TableNames): string {
  return `WITH at AS MATERIALIZED (SELECT ${NOW} AS now) ${insert(sessions, '')}`;
}

/** As above, and the deadline. Gives how many were made, and whether it is too late. */
export function createStatement({ sessions }: TableNames): string {
  return `WITH at AS MATERIALIZED (SELECT ${NOW} AS now), made AS (
    ${insert(sessions, `WHERE now <= ${DEADLINE}::float8`)} WHERE s.expires_ms <= ${NOW}
    RETURNING 1
  ) SELECT (SELECT count(*) FROM made), ${NOW} > ${DEADLINE}::float8`;
}

/** $1: id. */
export function deleteStatement({ sessions }: TableNames): string {
  return `DELETE FROM ${sessions} WHERE id = $1`;
}

/** Fails where the table can't be read. */
export function lookStatement({ sessions }: TableNames): string {
  return `SELECT 1 FROM ${sessions} LIMIT 1`;
}

/** Gives the server's time. */
export const NOW_STATEMENT = `SELECT ${NOW}`;

/**
 * Removes a session whatever its row holds, and tells of it where that was a live one. Of a record of a later format all
 * that is known is that it was there.
 *
 * $1: id, $2: the reason. Gives a row where it was told.
 */
export function endStatement({ sessions, channel }: TableNames): string {
  const forever = { idle: `'Infinity'`, absolute: `'Infinity'` };
  const news = notify(channel, `'ended'`, '$2::text', 'principal', 'id');
  return `WITH ended AS (
    DELETE FROM ${sessions} WHERE id = $1 RETURNING id, version, created_ms, seen_ms, meta, expires_ms
  ), told AS MATERIALIZED (
    SELECT id, CASE WHEN version = ${VERSION} THEN coalesce(meta ->> '$principal', '') ELSE '' END AS principal
    FROM ended WHERE expires_ms > ${NOW} AND CASE WHEN version = ${VERSION}
      THEN ${endOf('created_ms', 'seen_ms', 'meta', forever)} > ${NOW} AND created_ms IS NOT NULL AND seen_ms IS NOT NULL
      ELSE version > ${VERSION} END
  ) SELECT 1, ${news} FROM told`;
}
