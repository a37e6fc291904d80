import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PostgresBackend } from 'nestjs-server-session/postgres';
import type { Client, Pool } from 'pg';
import type { AdapterName } from '../support/app.js';
import { BadLine } from '../support/bad-line.js';
import { PostgresServer } from '../support/postgres-server.js';
import { RETRIED } from '../support/retried.js';
import { START_MS } from '../support/shared-servers.js';
import { expectRefused, TIMEOUT_MS, TroubledApp } from '../support/troubled-app.js';
import { until } from '../support/until.js';

const MAX_CONNECTIONS = 20;
/** A pool tries at once, but a connection that is being made when the server is back is waited for. */
const BACK_MS = 2500;
const FAILED = expect.stringMatching(/^The session backend failed to update: /);
const WRITTEN_AGAIN = 'The session backend can be written again';

let server: PostgresServer;
let admin: Client;
let line: BadLine;
let app: TroubledApp;
/** The user's, where the backend has no pool of its own. */
let pool: Pool | undefined;

beforeAll(async () => {
  server = await PostgresServer.start({ max_connections: MAX_CONNECTIONS });
  line = await BadLine.to(server.port);
  await connectAdmin();
  await admin.query(PostgresBackend.schema());
}, START_MS);
afterEach(async () => {
  await app.stop();
  await pool?.end();
  pool = undefined;
});
afterAll(async () => {
  await admin.end();
  await line.stop();
  await server.stop();
});

async function connectAdmin(): Promise<void> {
  admin = server.client();
  await admin.connect();
}

const CELLS: { adapter: AdapterName; of: string }[] = [
  { adapter: 'express', of: 'fromUrl' },
  { adapter: 'fastify', of: "a user's pool" },
];

describe.each(CELLS)('PostgreSQL in trouble, on $adapter with $of', RETRIED, ({ adapter, of }) => {
  async function start(port = server.port): Promise<void> {
    const url = server.url.replace(`${server.port}`, `${port}`);
    if (of !== 'fromUrl') pool = server.pool({ connectionString: url });
    const backend = pool ? new PostgresBackend({ pool }) : PostgresBackend.fromUrl(url);
    app = await TroubledApp.on(backend, adapter);
  }

  it('killed: 503 in time, and back without a restart of the application', async () => {
    await start();
    await server.kill();
    await app.expectUnavailable();
    await app.expectUnharmed();
    server.restart();
    await server.isReady();
    await app.expectBack({ field1: 1 }, BACK_MS);
    expect(app.logged).toEqual([...new Set(app.logged)]);
    expect(app.logged.join('\n')).toContain('ECONNREFUSED');
    await connectAdmin();
  });

  it('frozen: 503 in time, and back when it is woken', async () => {
    await start();
    server.freeze();
    await app.expectUnavailable();
    await app.expectUnharmed();
    server.resume();
    await app.expectBack({ field1: 1 }, BACK_MS);
    expect(app.logged[0]).toBe(`The session backend did not answer get within ${TIMEOUT_MS} ms`);
  });

  it('slower than the time: 503 in time, and what was refused is not applied later', async () => {
    await start(line.port);
    await admin.query('BEGIN');
    await admin.query('LOCK TABLE sessions IN SHARE ROW EXCLUSIVE MODE');
    expect((await app.visitor.get('/session')).json()).toEqual({ field1: 1 });
    await Promise.all([1, 2, 3].map(() => expectRefused(app.visitor.post('/increment'))));
    await admin.query('COMMIT');
    await app.expectBack();
  });

  it('read-only, as a standby: reading goes on, writing is 503', async () => {
    await start();
    await setting('default_transaction_read_only', 'on');
    const { visitor } = app;
    for (let i = 0; i < 3; i++) {
      const answer = await visitor.get('/session');
      expect([answer.status, answer.json(), answer.setCookies]).toEqual([200, { field1: 1 }, []]);
      await expectRefused(visitor.post('/set/2'));
      await expectRefused(visitor.post('/increment'));
    }
    await app.expectUnharmed();
    await setting('default_transaction_read_only', 'off');
    await app.expectBack();
    await app.expectLogged(FAILED, WRITTEN_AGAIN);
  });

  it('that has no room left on its disk: reading goes on, writing is 503', async () => {
    await start();
    await admin.query(`
      CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END $$;
      CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON sessions EXECUTE FUNCTION full_disk();`);
    expect((await app.visitor.get('/session')).json()).toEqual({ field1: 1 });
    await expectRefused(app.visitor.post('/set/2'));
    await expectRefused(app.visitor.post('/increment'));
    await app.expectUnharmed();
    await admin.query('DROP FUNCTION full_disk() CASCADE');
    await app.expectBack();
    await app.expectLogged(FAILED, WRITTEN_AGAIN);
  });

  it('with too many connections: 503 in time, and back when there is room', async () => {
    await start();
    const taken = await allConnections();
    try {
      await app.expectUnavailable();
      await app.expectUnharmed();
    } finally {
      await Promise.all(taken.map((client) => client.end()));
    }
    await app.expectBack({ field1: 1 }, BACK_MS);
    expect(app.logged.join('\n')).toContain('too many clients');
  });

  it('whose connections are all terminated: each is replaced, and the process goes on', async () => {
    await start();
    for (let i = 0; i < 3; i++) {
      await terminateOthers();
      await until('the session', async () => (await app.visitor.get('/session')).status === 200);
    }
    await app.expectBack();
  });

  it('that is cut in the middle of an answer to a change: what was answered with 200 counts once', async () => {
    await start(line.port);
    let saved = 0;
    const lengths = [1, 5, 6, 10, 15, 20, 40, 60, 80, 100, 120];
    for (const bytes of lengths) {
      line.cutAfter(bytes, 'session_');
      const { status } = await app.visitor.post('/increment');
      line.mend();
      expect([200, 503]).toContain(status);
      if (status === 200) saved++;
    }
    expect(line.cuts).toBeGreaterThan(5);
    const { visits = 0 } = (await app.visitor.get('/session')).json<{ visits?: number }>();
    expect(visits).toBeGreaterThanOrEqual(saved);
    expect(visits).toBeLessThanOrEqual(lengths.length);
  });
});

it('a pool that has no connection left: 503 in time, and back when it has', RETRIED, async () => {
  pool = server.pool({ max: 2 });
  app = await TroubledApp.on(new PostgresBackend({ pool }), 'express');
  const taken = await Promise.all([pool.connect(), pool.connect()]);
  await app.expectUnavailable();
  await app.expectUnharmed();
  for (const client of taken) client.release();
  await app.expectBack();
});

async function setting(name: string, value: string): Promise<void> {
  const shown = async () => {
    const { rows } = await admin.query(`SHOW ${name}`);
    return (rows[0] as Record<string, string>)[name] === value;
  };
  await admin.query(`SET ${name} = off`);
  await admin.query(`ALTER SYSTEM SET ${name} = ${value}`);
  await admin.query(`RESET ${name}`);
  await admin.query('SELECT pg_reload_conf()');
  await until('the setting', shown);
}

/** Takes every connection that there is, those that the application has, or makes meanwhile, as well. */
async function allConnections(): Promise<Client[]> {
  const taken = new Map<unknown, Client>();
  await until('no room', async () => {
    const client = server.client();
    try {
      await client.connect();
    } catch {
      return (await terminateOthers([...taken.keys()])) === 0;
    }
    const { rows } = await client.query({ text: 'SELECT pg_backend_pid()', rowMode: 'array' });
    taken.set(rows[0]![0], client);
    return false;
  });
  return [...taken.values()];
}

/**
 * @param besides the processes of some that are left alone
 * @returns how many there were
 */
async function terminateOthers(besides: readonly unknown[] = []): Promise<number> {
  const { rowCount } = await admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND pid <> ALL($1::int[])`,
    [besides],
  );
  return rowCount!;
}
