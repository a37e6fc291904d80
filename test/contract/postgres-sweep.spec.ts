import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { PostgresBackend } from 'nestjs-server-session/postgres';
import type { Pool } from 'pg';
import { newRecord } from '../../src/testing/records.js';
import { PostgresServer } from '../support/postgres-server.js';
import { START_MS } from '../support/shared-servers.js';
import { until } from '../support/until.js';

let server: PostgresServer;
let pool: Pool;
let backend: PostgresBackend;

beforeAll(async () => {
  server = await PostgresServer.start();
  pool = server.pool();
  await pool.query(PostgresBackend.schema());
  backend = new PostgresBackend({ pool });
}, START_MS);
afterEach(async () => {
  await pool.query('TRUNCATE sessions, sessions_principals');
});
afterAll(async () => {
  await pool.end();
  await server.stop();
});

const idsIn = async (table = 'sessions', key = 'id') =>
  (await pool.query(`SELECT ${key} FROM ${table} ORDER BY 1`)).rows.map((row) => row[key]);

/** Has rows look as if so much time had passed. */
const age = (table: string, where: string, columns: string) =>
  pool.query(`UPDATE ${table} SET ${columns} WHERE ${where}`);

/** An application runs until something is so. */
async function running(what: string, isSo: () => Promise<boolean>): Promise<void> {
  backend.acquire();
  try {
    await until(what, isSo);
  } finally {
    await backend.release();
  }
}

it('removes rows that are over, many in small batches, and no others', async () => {
  const record = await newRecord(backend, { a: '1' });
  for (const id of ['live', 'used', 'later']) await backend.create(id, record, 90);
  await pool.query(`INSERT INTO sessions (id, expires_ms, sweep_ms)
    SELECT 'over' || i, 1, 1 FROM generate_series(1, 1300) AS i`);
  // Used since: its time to be looked at is that of an earlier end.
  await age('sessions', `id = 'used'`, 'sweep_ms = 1');
  await age('sessions', `id = 'later'`, 'version = 2, sweep_ms = 1');
  await running('the rest', async () => (await idsIn()).length === 3);
  const { rows } = await pool.query(`SELECT sweep_ms = expires_ms AS put_off FROM sessions`);
  expect(rows).toEqual([{ put_off: true }, { put_off: true }, { put_off: true }]);
});

it('leaves what somebody uses at the same time, and waits for nobody', async () => {
  await pool.query(
    `INSERT INTO sessions (id, expires_ms, sweep_ms) VALUES ('used', 1, 1), ('over', 1, 1)`,
  );
  await server.with(async (client) => {
    await client.query('BEGIN');
    await client.query(`UPDATE sessions SET expires_ms = 9000000000000 WHERE id = 'used'`);
    await running('the other', async () => (await idsIn()).length === 1);
    await client.query('COMMIT');
  });
  await running('the later look', async () => {
    const { rows } = await pool.query('SELECT sweep_ms > 1 AS is_put_off FROM sessions');
    return rows[0].is_put_off;
  });
  expect(await idsIn()).toEqual(['used']);
});

it('is done by one process at a time', async () => {
  await server.with(async (client) => {
    await client.query('BEGIN');
    await client.query(
      `SELECT pg_advisory_xact_lock(${0x73_65_73_73}, 'sessions'::regclass::oid::integer)`,
    );
    await pool.query(`INSERT INTO sessions (id, expires_ms, sweep_ms) VALUES ('over', 1, 1)`);
    await pool.query(`INSERT INTO sessions_principals (principal, sweep_ms) VALUES ('over', 1)`);
    // Which come after the sessions.
    await running(
      'the principals',
      async () => (await idsIn('sessions_principals', 'principal')).length === 0,
    );
    expect(await idsIn()).toEqual(['over']);
    await client.query('COMMIT');
  });
  await running('the row', async () => (await idsIn()).length === 0);
});

it('removes principals without sessions and fences that are told of, and no others', async () => {
  const day = 86_400_000;
  const { principals } = backend;
  const keys: Record<string, string> = {};
  const enter = async (name: string, absoluteMs: number) => {
    const before = await idsIn('sessions_principals', 'principal');
    const { enteredAtMs } = await principals.enter(name, 'one', absoluteMs);
    const key = (await idsIn('sessions_principals', 'principal')).find(
      (each) => !before.includes(each),
    );
    keys[name] = key;
    return enteredAtMs;
  };
  await enter('live', day);
  await enter('over', 1);
  const enteredAtMs = await enter('left', day);
  await principals.leave('left', [{ id: 'one', enteredAtMs }]);
  await enter('fenced', 1);
  await principals.fence('fenced');
  await enter('fenced long ago', 1);
  await principals.fence('fenced long ago');
  await age(
    'sessions_principals',
    `principal = '${keys['fenced long ago']}'`,
    'fence_us = fence_us - 601000000',
  );
  await age('sessions_principals', 'true', 'sweep_ms = 1');
  const kept = new Set([keys['live'], keys['fenced']]);
  const left = () => idsIn('sessions_principals', 'principal');
  await running('the rest', async () => (await left()).length === 2);
  expect(new Set(await left())).toEqual(kept);
});
