import { createHash } from 'node:crypto';
import type { TableNames } from './table-names.js';

/**
 * The SQL that makes the tables, where they are not there.
 *
 * Each use of a session writes its row. Room is left in each page, and no index holds what a use changes, so that the new
 * version of the row stays in its page (HOT) and what it leaves behind is cleared away as the page is read.
 */
export function schemaOf(tables: TableNames): string {
  const settings = 'fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05';
  return `CREATE TABLE IF NOT EXISTS ${tables.sessions} (
  id text COLLATE "C" PRIMARY KEY,
  version smallint NOT NULL DEFAULT 1,
  created_ms bigint,
  seen_ms bigint,
  renewed_ms bigint,
  generation text,
  hash text,
  previous text,
  meta jsonb NOT NULL DEFAULT '{}',
  data jsonb NOT NULL DEFAULT '{}',
  expires_ms bigint NOT NULL,
  sweep_ms bigint NOT NULL
) WITH (${settings});
CREATE INDEX IF NOT EXISTS ${tables.sessionsSweep} ON ${tables.sessions} (sweep_ms);
CREATE TABLE IF NOT EXISTS ${tables.principals} (
  principal text COLLATE "C" PRIMARY KEY,
  entries jsonb NOT NULL DEFAULT '{}',
  latest_ms bigint NOT NULL DEFAULT 0,
  longest_ms bigint NOT NULL DEFAULT 0,
  fence_us bigint NOT NULL DEFAULT 0,
  fence_ms bigint NOT NULL DEFAULT 0,
  except_id text,
  except_fence_us bigint NOT NULL DEFAULT 0,
  except_fence_ms bigint NOT NULL DEFAULT 0,
  sweep_ms bigint NOT NULL
) WITH (${settings});
CREATE INDEX IF NOT EXISTS ${tables.principalsSweep} ON ${tables.principals} (sweep_ms);
`;
}

/** Makes the tables, one process at a time: two that do so at once would fail. */
export function creation(tables: TableNames): string {
  const lock = createHash('sha1').update(`create ${tables.sessions}`).digest().readInt32BE();
  return `SELECT pg_advisory_xact_lock(${LOCK}, ${lock});\n${schemaOf(tables)}`;
}

/** The first number of all advisory locks that are taken here. */
export const LOCK = 0x73_65_73_73;

/** Gives a row where the table is there, in which case nobody needs the right to make it. */
export function existsStatement({ principals }: TableNames): string {
  return `SELECT 1 WHERE to_regclass('${principals}') IS NOT NULL`;
}
