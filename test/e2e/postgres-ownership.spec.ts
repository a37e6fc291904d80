import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PostgresBackend } from 'nestjs-server-session/postgres';
import { TestApp } from '../support/app.js';
import { PostgresServer } from '../support/postgres-server.js';
import { START_MS } from '../support/shared-servers.js';
import { Relay } from '../support/relay.js';
import { RETRIED } from '../support/retried.js';
import { TroubledApp } from '../support/troubled-app.js';
import { until } from '../support/until.js';
import { change, dataOf, LONG, newRecord } from '../../src/testing/records.js';

/** How long a shutdown may take where PostgreSQL does not answer. */
const CLOSE_MS = 4000;

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.start();
}, START_MS);
afterEach(async () => {
  server.resume();
  if (!server.isRunning) server.restart();
  await server.isReady();
}, START_MS);
afterAll(() => server.stop());

async function connections(): Promise<number> {
  const { rows } = await server.with((client) =>
    client.query(`SELECT count(*)::int AS n FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`),
  );
  return (rows[0] as { n: number }).n;
}

describe('whose pool it is', RETRIED, () => {
  it('one of the user stays open when the application closes', async () => {
    const pool = server.pool();
    const backend = new PostgresBackend({ pool, createTable: true });
    const app = await TroubledApp.on(backend, 'express');
    await app.stop();
    expect(await backend.get('one')).toBeNull();
    await pool.end();
  });

  it('one of its own is closed, and may be used again by another application', async () => {
    const backend = PostgresBackend.fromUrl(server.url, { createTable: true });
    for (let i = 0; i < 2; i++) {
      const app = await TroubledApp.on(backend, 'fastify');
      expect((await app.visitor.get('/session')).json()).toEqual({ field1: 1 });
      expect(await connections()).toBeGreaterThan(0);
      await app.stop();
      await until('no connection', async () => (await connections()) === 0);
      await expect(backend.get('one')).rejects.toThrow('pool');
    }
  });

  it.each(['killed', 'frozen'] as const)(
    'a %s server does not keep it from closing',
    async (how) => {
      const backend = PostgresBackend.fromUrl(server.url, { createTable: true });
      const app = await TroubledApp.on(backend, 'express');
      if (how === 'killed') await server.kill();
      else server.freeze();
      await app.visitor.get('/session');
      const startMs = performance.now();
      await app.stop();
      expect(performance.now() - startMs).toBeLessThan(CLOSE_MS);
    },
  );

  it('says at the start where it can’t be used, and why', async () => {
    const backend = PostgresBackend.fromUrl(server.url, { table: 'missing' });
    const app = await TestApp.start({ adapter: 'express', session: { backend } });
    const isTold = () =>
      app.logs.lines.some((line) => /PostgreSQL can't be used \(the table .*schema\(\)/.test(line));
    await until('the line', isTold);
    await app.stop();
  });

  it.each([undefined, '', 'redis://127.0.0.1', 'postgres://a:%@b/c', 'postgres://a/b#c', 'db'])(
    'a URL such as %j is refused without showing it',
    (url) => {
      expect(() => PostgresBackend.fromUrl(url as string)).toThrow('PostgresBackend.fromUrl: ');
    },
  );

  it.each([undefined, null, 'pool', {}, { query() {} }, { query() {}, on() {}, connect() {} }])(
    '%j is no pool',
    (pool) => {
      expect(() => new PostgresBackend({ pool: pool as never })).toThrow('with Pool of pg 8');
    },
  );
});

it('an option that there is not is refused', () => {
  const text =
    /PostgresBackend: tableName is no option: the options are pool, table, createTable, prepare/;
  const options = { tableName: 'x' } as never;
  expect(() => PostgresBackend.fromUrl('postgres://127.0.0.1/a', options)).toThrow(text);
  expect(() => PostgresBackend.schema(options)).toThrow(text);
  expect(() => PostgresBackend.schema('app.sessions' as never)).toThrow(
    "schema({ table: 'app.sessions' })",
  );
});

describe('a reply that is lost', RETRIED, () => {
  it('to a change that counts: sent again, it counts once', async () => {
    const relay = await Relay.to(server.port);
    const pool = server.pool({
      connectionString: server.url.replace(`${server.port}`, `${relay.port}`),
    });
    try {
      const backend = new PostgresBackend({ pool, createTable: true });
      await backend.create('counts', await newRecord(backend, { n: '1' }), 90);
      const sent = change({ increment: { n: 1 }, operation: '$op:one' });
      relay.loseReplyTo('$op:one');
      await expect(backend.update('counts', sent, LONG)).rejects.toThrow('Connection terminated');
      expect(relay.cuts).toBe(1);
      expect(await backend.update('counts', sent, LONG)).toMatchObject({ status: 'applied' });
      expect(await dataOf(backend, 'counts')).toEqual({ n: '2' });
    } finally {
      await pool.end();
      await relay.stop();
    }
  });
});
