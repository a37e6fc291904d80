import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresBackend } from 'nestjs-server-session/postgres';
import type { Pool } from 'pg';
import oldest from 'pg-8';
import { change, LONG, newRecord } from '../../src/testing/records.js';
import { testContract } from '../support/contract.js';
import { queriesOf } from '../support/postgres-queries.js';
import { PostgresServer } from '../support/postgres-server.js';
import { START_MS } from '../support/shared-servers.js';
import { until } from '../support/until.js';

let server: PostgresServer;
let pool: Pool;

beforeAll(async () => {
  server = await PostgresServer.start();
  pool = server.pool();
  await pool.query(PostgresBackend.schema());
}, START_MS);
afterAll(async () => {
  await pool.end();
  await server.stop();
});

async function rowOf(id: string): Promise<Record<string, unknown>> {
  const { rows } = await pool.query('SELECT * FROM sessions WHERE id = $1', [id]);
  return rows[0];
}

describe('PostgresBackend with the oldest pg that it takes', () => {
  let old: Pool;
  beforeAll(() => {
    old = server.pool({}, oldest.Pool);
  });
  afterAll(() => old.end());

  testContract(() => new PostgresBackend({ pool: old }));
});

describe('PostgresBackend', () => {
  testContract(() => new PostgresBackend({ pool }));

  it('keeps a row a session, with what decides in columns', async () => {
    const backend = new PostgresBackend({ pool });
    const times = { $created: '1767225600000', $seen: '1767225600001' };
    await backend.create('one', { ...times, $gen: 'g', $hash: 'h', $idle: '5', a: '1' }, 90);
    const row = await rowOf('one');
    expect(row).toMatchObject({
      version: 1,
      created_ms: '1767225600000',
      seen_ms: '1767225600001',
      renewed_ms: null,
      generation: 'g',
      hash: 'h',
      previous: null,
      meta: { $idle: '5' },
      data: { a: '1' },
    });
    expect(Math.abs(Number(row['expires_ms']) - backend.now() - 90_000)).toBeLessThan(10_000);
  });

  it('keeps any names and texts, and times that are none', async () => {
    const backend = new PostgresBackend({ pool });
    const odd = {
      $created: '01',
      $seen: '-1',
      $renewed: 'x'.repeat(20),
      $gen: '\0\ud800',
      '\0': '\0\x1d\x1e\x1f',
      '\ud800': '\udfff',
      '$op:\x1d=': '',
    };
    const record = Object.fromEntries([...Object.entries(odd), ['__proto__', '1']]);
    await backend.set('odd', record, 90);
    const got = Object.entries((await backend.get('odd'))!);
    expect(new Map(got)).toEqual(new Map(Object.entries(record)));
    const changed = Object.fromEntries([['__proto__', '"2"']]);
    await backend.create('proto', await newRecord(backend, changed), 90);
    await backend.update('proto', change({ increment: { n: 1 } }), LONG);
    await backend.update('proto', change({ set: changed }), LONG);
    expect(Object.entries((await backend.get('proto'))!)).toContainEqual(['__proto__', '"2"']);
  });

  it('gives a changed record the life that its times say, and an empty one a minute', async () => {
    const backend = new PostgresBackend({ pool });
    const left = async () => Number((await rowOf('life'))['expires_ms']) - backend.now();
    await backend.create('life', await newRecord(backend, { a: '1' }), 5);
    const lifetime = { idleMs: 600_000, absoluteMs: 900_000 };
    await backend.update('life', change({ set: { b: '1' } }), lifetime);
    expect((await left()) / 1000).toBeCloseTo(600, -1);
    await backend.update('life', change({ remove: ['a', 'b'] }), lifetime);
    expect((await left()) / 1000).toBeCloseTo(60, -1);
  });

  it('takes a row that holds no record for no session, and leaves it as it is', async () => {
    const backend = new PostgresBackend({ pool });
    const broken = [
      'created_ms = NULL',
      'seen_ms = NULL',
      'generation = NULL',
      'hash = NULL, generation = NULL',
      `meta = '[]'`,
      `data = '[]'`,
      `data = '1'`,
      `meta = 'null'`,
      `meta = '{"$idle":"x"}'`,
      `meta = '{"$absolute":{}}'`,
    ];
    const sent = change({ set: { b: '1' }, remove: ['a'], keep: ['a'], increment: { n: 1 } });
    for (const columns of broken) {
      await backend.set('broken', await newRecord(backend, { a: '1' }), 90);
      await pool.query(`UPDATE sessions SET ${columns} WHERE id = 'broken'`);
      const row = await rowOf('broken');
      await backend.get('broken');
      for (const each of [sent, change({ isUse: true })]) {
        expect(await backend.update('broken', each, LONG)).toEqual({ status: 'gone' });
      }
      expect(await rowOf('broken')).toEqual(row);
    }
    for (const data of ['[]', '1', 'null', '{"a":1}', '{"a":{}}', '"x"']) {
      await pool.query(`UPDATE sessions SET data = $1 WHERE id = 'broken'`, [data]);
      expect(await backend.get('broken')).toEqual({});
    }
  });

  it('tells a record of a later format, and leaves it as it is', async () => {
    const backend = new PostgresBackend({ pool });
    await backend.create('later', await newRecord(backend, { a: '1' }), 90);
    await pool.query(`UPDATE sessions SET version = 2 WHERE id = 'later'`);
    const row = await rowOf('later');
    expect(await backend.get('later')).toEqual({ $version: '2' });
    expect(await backend.update('later', change({ set: { a: '2' } }), LONG)).toEqual({
      status: 'gone',
    });
    expect(await backend.create('later', {}, 90)).toBe(false);
    expect(await rowOf('later')).toEqual(row);
    expect(await backend.ends.end('later', 'revoked')).toBe(true);
    expect(await rowOf('later')).toBeUndefined();
  });

  it('goes by the clock of PostgreSQL, whatever this process takes for the time', async () => {
    const backend = new PostgresBackend({ pool });
    await backend.syncClock();
    const { rows } = await pool.query('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms');
    const real = Date.now;
    try {
      Date.now = () => real() + 3_600_000;
      expect(Math.abs(backend.now() - Number(rows[0].ms))).toBeLessThan(5000);
    } finally {
      Date.now = real;
    }
  });

  it('reads what is asked for in one turn of the event loop by one statement', async () => {
    const backend = new PostgresBackend({ pool });
    const ids = Array.from({ length: 40 }, (_, index) => `many${index}`);
    const record = await newRecord(backend, {});
    await Promise.all(ids.map((id) => backend.create(id, { ...record, id }, 90)));
    const sent = await queriesOf(pool, async () => {
      const records = await Promise.all([...ids, ...ids].map((id) => backend.get(id)));
      expect(records).toEqual([...ids, ...ids].map((id) => ({ ...record, id })));
    });
    expect(sent).toHaveLength(1);
  });

  it('takes one statement to read and one for each change, prepared', async () => {
    const backend = new PostgresBackend({ pool });
    const record = await newRecord(backend, { n: '1' });
    const sent = await queriesOf(pool, async () => {
      await backend.create('counted', record, 90);
      await backend.get('counted');
      await backend.update('counted', change({ set: { a: '1' }, increment: { n: 1 } }), LONG);
      await backend.update('counted', change({ isUse: true }), LONG);
      await backend.ends.end('counted', 'destroyed');
    });
    expect(sent).toHaveLength(5);
    expect(sent.every(({ name }) => typeof name === 'string' && name.length < 64)).toBe(true);
    expect(new Set(sent.map(({ name }) => name)).size).toBe(5);
  });

  it('prepares nothing with prepare: false', async () => {
    const backend = new PostgresBackend({ pool, prepare: false });
    const sent = await queriesOf(pool, async () => {
      await backend.create('bare', await newRecord(backend, {}), 90);
      await backend.get('bare');
    });
    expect(sent.filter(({ name }) => name !== undefined)).toEqual([]);
  });

  it('reads the same whatever parsers of types the application has set', async () => {
    const other = server.pool({ types: { getTypeParser: () => () => 'parsed' } });
    try {
      const backend = new PostgresBackend({ pool: other });
      const record = await newRecord(backend, { a: '1' });
      expect(await backend.create('parsed', record, 90)).toBe(true);
      expect(await backend.get('parsed')).toEqual(record);
      const { enteredAtMs } = await backend.principals.enter('parsed', 'parsed', 1000);
      expect(enteredAtMs).toBeGreaterThan(0);
    } finally {
      await other.end();
    }
  });

  it('leaves a row that is used in its page, for no index holds what a use changes (HOT)', async () => {
    const single = server.pool({ max: 1 });
    const backend = new PostgresBackend({ pool: single, table: 'hot', createTable: true });
    await backend.create('hot', await newRecord(backend, { a: 'x'.repeat(300) }), 90);
    for (let i = 0; i < 200; i++) {
      await backend.update('hot', change({ isUse: true, set: { n: `${i}` } }), LONG);
      await backend.update('hot', change({ isUse: true }), LONG);
    }
    const updates = `SELECT n_tup_upd AS all, n_tup_hot_upd AS hot, pg_relation_size('hot') AS size
      FROM pg_stat_user_tables WHERE relname = 'hot'`;
    let row = { all: '0', hot: '0', size: '0' };
    // By the same connection, which says what it has done now and then.
    await until(
      'the updates',
      async () => Number((row = (await single.query(updates)).rows[0]).all) === 400,
    );
    expect(Number(row.hot)).toBeGreaterThan(390);
    expect(Number(row.size)).toBeLessThanOrEqual(4 * 8192);
    await single.end();
  });

  it('does not show in its tables who is signed in, but in the sessions themselves', async () => {
    const backend = new PostgresBackend({ pool });
    await backend.principals.enter('ada@example.org', 'hers', 1000);
    const { rows } = await pool.query('SELECT * FROM sessions_principals');
    expect(JSON.stringify(rows)).not.toContain('ada');
  });
});
