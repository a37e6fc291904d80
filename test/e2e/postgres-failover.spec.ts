import { afterAll, beforeAll, expect, it } from 'vitest';
import { PostgresBackend } from 'nestjs-server-session/postgres';
import { PostgresServer } from '../support/postgres-server.js';
import { RETRIED } from '../support/retried.js';
import { START_MS } from '../support/shared-servers.js';
import { TroubledApp } from '../support/troubled-app.js';
import { until } from '../support/until.js';

let primary: PostgresServer;
let standby: PostgresServer;
beforeAll(async () => {
  primary = await PostgresServer.start();
  standby = await primary.standby();
}, START_MS);
afterAll(async () => {
  await primary.stop();
  await standby.stop();
});

it(
  'a standby takes the place of the primary: nothing that was answered is lost, with no restart',
  { ...RETRIED, timeout: 60_000 },
  async () => {
    await primary.with(async (client) => {
      await client.query("ALTER SYSTEM SET synchronous_standby_names = '*'");
      await client.query('SELECT pg_reload_conf()');
      const isSynchronous = `SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'`;
      await until('a standby', async () => (await client.query(isSynchronous)).rowCount === 1);
    });
    const pool = primary.pool({
      connectionString: undefined,
      host: '127.0.0.1',
      port: primary.port,
      user: 'postgres',
    });
    const app = await TroubledApp.on(new PostgresBackend({ pool, createTable: true }), 'express');
    let saved = 0;
    for (let i = 0; i < 20; i++) {
      if ((await app.visitor.post('/increment')).status === 200) saved++;
    }
    await primary.kill();
    await app.expectUnavailable();
    await standby.with((client) => client.query('SELECT pg_promote()'));
    // As where a name comes to stand for another address.
    pool.options.port = standby.port;
    await app.expectBack({ field1: 1, visits: saved }, 5000);
    expect(saved).toBeGreaterThan(0);
    await app.stop();
    await pool.end();
  },
);
