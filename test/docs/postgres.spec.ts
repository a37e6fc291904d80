import { execSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresBackend } from 'nestjs-server-session/postgres';
import type { Pool } from 'pg';
import { change, dataOf, LONG, newRecord } from '../../src/testing/records.js';
import { importExample } from '../support/examples.js';
import { PostgresServer } from '../support/postgres-server.js';
import { START_MS } from '../support/shared-servers.js';
import { until } from '../support/until.js';

const PAGE = 'docs/postgres.md';

let server: PostgresServer;
let pool: Pool;
beforeAll(async () => {
  server = await PostgresServer.start();
  pool = server.pool();
}, START_MS);
afterAll(async () => {
  await pool.end();
  await server.stop();
});

/** Whether a session can be made, changed, and swept. */
async function expectUsable(backend: PostgresBackend): Promise<void> {
  await backend.create('one', await newRecord(backend, { n: '1' }), 90);
  await backend.update('one', change({ increment: { n: 1 } }), LONG);
  expect(await dataOf(backend, 'one')).toEqual({ n: '2' });
  await pool.query('UPDATE sessions SET expires_ms = 1, sweep_ms = 1');
  backend.acquire();
  const count = async () => (await pool.query('SELECT id FROM sessions')).rowCount;
  await until('an empty table', async () => (await count()) === 0);
  await backend.release();
}

describe('what docs/postgres.md shows', () => {
  it('as a migration of TypeORM', async () => {
    const { Sessions1767225600000: Migration } = await importExample<{
      Sessions1767225600000: new () => Record<'up' | 'down', (runner: Pool) => Promise<void>>;
    }>(PAGE, 'queryRunner');
    const migration = new Migration();
    await migration.up(pool);
    await expectUsable(new PostgresBackend({ pool }));
    await migration.down(pool);
  });

  it('as one of Knex', async () => {
    const { up, down } = await importExample<
      Record<'up' | 'down', (knex: { raw(sql: string): Promise<unknown> }) => Promise<void>>
    >(PAGE, 'knex.raw');
    const knex = { raw: (sql: string) => pool.query(sql) };
    await up(knex);
    await expectUsable(new PostgresBackend({ pool }));
    await down(knex);
  });

  it('as a file of SQL that Prisma or Drizzle has made', async () => {
    const [, command] = /^(node -e .*) >> <the file>$/m.exec(readFileSync(PAGE, 'utf8'))!;
    const sql = `-- Custom SQL migration file, put your code below! --${execSync(command!, { encoding: 'utf8' })}`;
    await pool.query(sql);
    await expectUsable(new PostgresBackend({ pool }));
    await pool.query('DROP TABLE sessions, sessions_principals');
  });

  it.each([
    ['UNLOGGED', (sql: string) => sql.replaceAll('CREATE TABLE', 'CREATE UNLOGGED TABLE')],
    ['divided by hash of the id', divided],
  ])('of tables that are %s', async (_, altered) => {
    await pool.query(altered(PostgresBackend.schema()));
    await expectUsable(new PostgresBackend({ pool }));
    await pool.query('DROP TABLE sessions, sessions_principals');
  });
});

function divided(sql: string): string {
  const [sessions, ...rest] = sql.split(/ WITH \(fillfactor.*?\);/);
  const parts = [0, 1].map(
    (part) =>
      `CREATE TABLE sessions_${part} PARTITION OF sessions FOR VALUES WITH (MODULUS 2, REMAINDER ${part});`,
  );
  return `${sessions} PARTITION BY HASH (id);${parts.join('')}${rest.join(';')}`;
}
