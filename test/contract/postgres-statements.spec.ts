import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { PostgresBackend } from 'nestjs-server-session/postgres';
import type { Pool } from 'pg';
import { change, dataOf, LONG, newRecord, nowOf } from '../../src/testing/records.js';
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
afterAll(async () => {
  await pool.end();
  await server.stop();
});

/** Runs something while another transaction has changed a session, and not yet committed that. */
async function whileLocked(id: string, run: () => unknown): Promise<void> {
  await server.with(async (client) => {
    await client.query('BEGIN');
    await client.query(`UPDATE sessions SET data = data || '{"other":"1"}' WHERE id = $1`, [id]);
    await run();
    await client.query('COMMIT');
  });
}

async function waiting(): Promise<number> {
  const { rows } = await pool.query(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'`,
  );
  return rows[0].n;
}

describe('a change in PostgreSQL', () => {
  it('that waits for another is applied to what that has left', async () => {
    await backend.create('waits', await newRecord(backend, { n: '1' }), 90);
    const sent: Promise<unknown>[] = [];
    await whileLocked('waits', async () => {
      for (let i = 0; i < 3; i++) {
        sent.push(backend.update('waits', change({ increment: { n: 1 } }), LONG));
      }
      sent.push(backend.update('waits', change({ isUse: true }), LONG));
      await until('four that wait', async () => (await waiting()) === 4);
    });
    await Promise.all(sent);
    expect(await dataOf(backend, 'waits')).toEqual({ n: '4', other: '1' });
  });

  it('that waits beyond its deadline is refused, and changes nothing', async () => {
    await backend.create('late', await newRecord(backend, { n: '1' }), 90);
    const refused: Promise<void>[] = [];
    await whileLocked('late', async () => {
      const deadlineMs = (await nowOf(backend)) + 300;
      for (const sent of [change({ increment: { n: 1 } }), change({ isUse: true })]) {
        const updating = backend.update('late', sent, LONG, deadlineMs);
        refused.push(expect(updating).rejects.toThrow('too late'));
      }
      await until('two that wait', async () => (await waiting()) === 2);
      await until('the deadline', () => backend.now() > deadlineMs);
    });
    await Promise.all(refused);
    expect(await dataOf(backend, 'late')).toEqual({ n: '1', other: '1' });
  });

  it('that waits for an end brings nothing back', async () => {
    await backend.create('ended', await newRecord(backend, { n: '1' }), 90);
    let updating: Promise<unknown> | undefined;
    await server.with(async (client) => {
      await client.query('BEGIN');
      await client.query(`DELETE FROM sessions WHERE id = 'ended'`);
      updating = backend.update('ended', change({ increment: { n: 1 } }), LONG);
      await until('one that waits', async () => (await waiting()) === 1);
      await client.query('COMMIT');
    });
    expect(await updating).toEqual({ status: 'gone' });
    expect(await backend.get('ended')).toBeNull();
  });

  it('adds as JavaScript does, whatever the numbers are', async () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.maxSafeInteger(),
      fc.constantFrom(Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 53, 1e22, 0.1),
    );
    const pairs = fc.array(fc.tuple(number, number), { minLength: 60, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(pairs, async (all) => {
        const data = Object.fromEntries(all.map(([a], i) => [`f${i}`, String(a)]));
        const increment = Object.fromEntries(all.map(([, b], i) => [`f${i}`, b]));
        await backend.set('sums', await newRecord(backend, data), 90);
        await backend.update('sums', change({ increment }), LONG);
        const sums = (await dataOf(backend, 'sums'))!;
        for (const [i, [a, b]] of all.entries()) {
          const expected = Number.isFinite(a + b) ? a + b : a;
          // JSON, which is what a codec reads.
          expect(Math.abs(JSON.parse(sums[`f${i}`]!) - expected)).toBe(0);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('counts from 0 where there is no number, whatever the text is', async () => {
    const texts = [
      '',
      ' ',
      'x',
      '"1"',
      '1e',
      '1e400',
      '-1e999',
      '1e99999',
      'NaN',
      'Infinity',
      '{}',
    ];
    const long = ['9'.repeat(310), `0.${'0'.repeat(380)}1`, '1e-400', '9'.repeat(140_000), '٣'];
    const data = Object.fromEntries([...texts, ...long].map((text, i) => [`f${i}`, text]));
    await backend.set('texts', await newRecord(backend, data), 90);
    const increment = Object.fromEntries(Object.keys(data).map((name) => [name, 2]));
    expect(await backend.update('texts', change({ increment }), LONG)).toMatchObject({
      status: 'applied',
    });
    const sums = Object.values((await dataOf(backend, 'texts'))!);
    expect(new Set(sums)).toEqual(new Set(['2']));
  });

  it('keeps thousands of fields by name', async () => {
    const names = ['', '%d', 'a\x1eb', ...Array.from({ length: 10_000 }, (_, i) => `field-${i}`)];
    const data = Object.fromEntries(names.map((name) => [name, '1']));
    await backend.create('many', await newRecord(backend, { ...data, other: '1' }), 90);
    await backend.update('many', change({ keep: names }), LONG);
    expect(await dataOf(backend, 'many')).toEqual(data);
  });

  it('that fails says so without a value', async () => {
    const strict = server.pool({
      options: '-c statement_timeout=100 -c log_parameter_max_length_on_error=-1',
    });
    try {
      const other = new PostgresBackend({ pool: strict });
      await backend.create('failing', await newRecord(backend, {}), 90);
      await whileLocked('failing', async () => {
        const sent = change({ set: { card: '"4000-secret"' } });
        const error = await other.update('failing', sent, LONG).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(Error);
        expect(inspect(error, { depth: 5, showHidden: true })).not.toContain('4000-secret');
        expect(String(error)).toContain('statement timeout');
      });
    } finally {
      await strict.end();
    }
  });
});

describe('the tables', () => {
  it('are made once, by however many processes begin at once', async () => {
    await Promise.all(Array.from({ length: 8 }, () => pool.query('SELECT pg_sleep(0.1)')));
    for (let i = 0; i < 10; i++) {
      const options = { pool, table: `begun${i}`, createTable: true };
      const backends = Array.from({ length: 8 }, () => new PostgresBackend(options));
      const found = await Promise.all(backends.map((each) => each.get('none')));
      expect(found).toEqual(Array(8).fill(null));
    }
  });

  it('may be in a schema, and where they are there nobody needs the right to make them', async () => {
    await pool.query('CREATE SCHEMA app');
    await pool.query(PostgresBackend.schema({ table: 'app.Visits' }));
    await pool.query('CREATE ROLE modest LOGIN');
    await pool.query('GRANT USAGE ON SCHEMA app TO modest');
    await pool.query('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app TO modest');
    const modest = server.pool({ connectionString: server.url.replace('postgres@', 'modest@') });
    try {
      const table = 'app.Visits';
      const own = new PostgresBackend({ pool: modest, table, createTable: true });
      expect(await own.create('one', await newRecord(own, { a: '1' }), 90)).toBe(true);
      expect((await pool.query('SELECT id FROM app."Visits"')).rows).toEqual([{ id: 'one' }]);
    } finally {
      await modest.end();
    }
  });

  it('that are missing are named, with what to do', async () => {
    const missing = new PostgresBackend({ pool, table: 'missing' });
    await expect(missing.delete('x')).rejects.toThrow(/"missing".*schema\(\).*createTable: true/);
  });

  it.each(['', 'a b', 'a"b', 'a.b.c', '.a', 'a;', '1a', 'x'.repeat(41), 7 as never])(
    'are not called %j',
    (table) => {
      expect(() => new PostgresBackend({ pool, table })).toThrow(TypeError);
      expect(() => PostgresBackend.schema({ table })).toThrow('Write a name of letters');
    },
  );
});

describe('changes that are asked for in one turn of the event loop', () => {
  const NAMES = Array.from({ length: 20 }, (_, index) => `turn-${index}`);
  const one = change({ increment: { n: 1 } });

  async function begin(): Promise<void> {
    for (const name of NAMES) {
      await backend.delete(name);
      await backend.create(name, await newRecord(backend, { n: '1' }), 90);
    }
  }

  const values = () => Promise.all(NAMES.map(async (name) => (await dataOf(backend, name))?.['n']));

  it('go in a few statements, and each gets what became of it', async () => {
    await begin();
    await backend.delete('turn-3');
    const sent: string[] = [];
    const counting = new Proxy(pool, {
      get: (target, name) => {
        if (name !== 'query') return Reflect.get(target, name) as unknown;
        return (query: { text: string }) => {
          sent.push(query.text);
          return target.query(query);
        };
      },
    });
    const counted = new PostgresBackend({ pool: counting });
    const results = await Promise.all([
      ...NAMES.map((name) => counted.update(name, one, LONG)),
      ...NAMES.slice(0, 2).map((name) => counted.update(name, change({ isUse: true }), LONG)),
      counted.update('turn-9', { ...one, generation: 'another' }, LONG),
    ]);
    expect(results.map(({ status }) => status)).toEqual(
      results.map((_, at) => (at === 3 || at === 22 ? 'gone' : 'applied')),
    );
    // Three, and one for each that was not found, or whose row another of these has locked.
    expect(sent.length).toBeLessThanOrEqual(3 + 4);
    await backend.create('turn-3', await newRecord(backend, { n: '2' }), 90);
    expect(new Set(await values())).toEqual(new Set(['2']));
  });

  it('of one session are all applied', async () => {
    await begin();
    await Promise.all(NAMES.map(() => backend.update('turn-0', one, LONG)));
    expect((await values())[0]).toBe('21');
  });

  it('do not wait for the row of another', async () => {
    await begin();
    let waits: Promise<unknown> | undefined;
    await whileLocked('turn-5', async () => {
      const updating = NAMES.map((name) => backend.update(name, one, LONG));
      waits = updating[5];
      await Promise.all(updating.toSpliced(5, 1));
      await until('one that waits', async () => (await waiting()) === 1);
    });
    expect(await waits).toMatchObject({ status: 'applied' });
    expect(new Set(await values())).toEqual(new Set(['2']));
  });

  it('fail all where the connection is lost, and none is applied', async () => {
    await begin();
    const one = server.pool({ max: 1 });
    const lost = new PostgresBackend({ pool: one });
    await lost.get('turn-0');
    const { rows } = await one.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await server.with(async (client) => {
      await client.query('BEGIN');
      await client.query('LOCK TABLE sessions IN EXCLUSIVE MODE');
      const updating = NAMES.slice(0, 10).map((name) =>
        lost.update(name, change({ increment: { n: 1 } }), LONG),
      );
      const settled = Promise.allSettled(updating);
      await until('one that waits', async () => (await waiting()) === 1);
      await pool.query('SELECT pg_terminate_backend($1)', [rows[0]!.pid]);
      expect((await settled).map(({ status }) => status)).toEqual(Array(10).fill('rejected'));
      await client.query('COMMIT');
    });
    expect(new Set(await values())).toEqual(new Set(['1']));
    await one.end();
  });
});

describe('what PostgreSQL makes of the statements', () => {
  /** A change with everything that there may be in one. */
  const full = change({
    set: { a: '1' },
    remove: ['b'],
    keep: ['a', 'n'],
    increment: { n: 1, m: 2 },
    isUse: true,
    operation: 'op:1',
  });

  it('is planned a few times for each connection, and not for each change', async () => {
    const one = server.pool({ max: 1 });
    const used = new PostgresBackend({ pool: one });
    await used.create('planned', await newRecord(used, { n: '1' }), 90);
    for (let i = 0; i < 10; i++) {
      await used.update('planned', change({ set: { a: `${i}` } }), LONG);
      await used.update('planned', change({ isUse: true }), LONG);
      await used.principals.enter('whose', 'planned', 90_000);
      await used.principals.leave('whose', [{ id: 'planned', enteredAtMs: i }]);
    }
    const { rows } = await one.query<{ statement: string; again: string }>(
      `SELECT statement, custom_plans AS again FROM pg_prepared_statements WHERE custom_plans + generic_plans >= 10`,
    );
    expect(rows).toHaveLength(4);
    expect(rows.filter(({ again }) => Number(again) > 5)).toEqual([]);
    await one.end();
  });

  it('writes nothing out again and again', async () => {
    const plans: number[] = [];
    const explaining = new Proxy(pool, {
      get: (target, name) => {
        if (name !== 'query') return Reflect.get(target, name) as unknown;
        return async ({ text, values }: { text: string; values: unknown[] }) => {
          const { rows } = await target.query(`EXPLAIN (FORMAT JSON) ${text}`, values);
          plans.push(JSON.stringify(rows).split('"Node Type"').length - 1);
          return { rows: [] };
        };
      },
    });
    await new PostgresBackend({ pool: explaining }).update('explained', full, LONG);
    expect(plans).toHaveLength(1);
    expect(plans[0]).toBeLessThan(40);
  });
});
