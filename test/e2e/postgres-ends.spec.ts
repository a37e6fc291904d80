import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Logger } from '@nestjs/common';
import { PostgresBackend } from 'nestjs-server-session/postgres';
import type { Pool } from 'pg';
import { HEARTBEAT_MS, MAX_RETRY_MS } from '../../src/backends/kept-subscription.js';
import { LogLines } from '../support/app.js';
import { emit } from '../support/examples.js';
import { EndsRecorder, expectNews, storedSession } from '../support/ends-recorder.js';
import { PostgresServer } from '../support/postgres-server.js';
import { RETRIED } from '../support/retried.js';
import { START_MS } from '../support/shared-servers.js';
import { until } from '../support/until.js';

const FILE = 'test/support/listening/main.ts';
/** For a machine that is busy. */
const SLACK_MS = 1500;
/** How soon a server that is back is heard. */
const BACK_MS = MAX_RETRY_MS + HEARTBEAT_MS + SLACK_MS;

let server: PostgresServer;
const lines = new LogLines();
beforeAll(async () => {
  Logger.overrideLogger(lines);
  server = await PostgresServer.start();
  await server.with((client) => client.query(PostgresBackend.schema()));
}, START_MS);
afterAll(() => server.stop());

describe('ends in PostgreSQL', RETRIED, () => {
  let pools: Pool[];
  let recorder: EndsRecorder;
  let listening: PostgresBackend;
  let ending: PostgresBackend;
  beforeEach(async () => {
    pools = [server.pool(), server.pool()];
    [listening, ending] = pools.map((pool) => new PostgresBackend({ pool })) as [
      PostgresBackend,
      PostgresBackend,
    ];
    recorder = await EndsRecorder.start(listening.ends);
    lines.lines.length = 0;
  });
  afterEach(async () => {
    recorder.stop();
    await Promise.all(pools.map((pool) => pool.end()));
  });

  it('are told to another process', () => expectNews(ending, recorder));

  it('of many are all told', async () => {
    const ids = await Promise.all(Array.from({ length: 1000 }, () => storedSession(ending)));
    await Promise.all(ids.map((id) => ending.ends.end(id, 'revoked')));
    await until('all of them', () => recorder.told.length >= ids.length);
    expect(new Set(recorder.told.map(({ id }) => id))).toEqual(new Set(ids));
  });

  it('of another table are not told', async () => {
    const other = new PostgresBackend({ pool: pools[1]!, table: 'others', createTable: true });
    const own = await storedSession(other);
    await other.ends.end(own, 'revoked');
    await expectNews(ending, recorder);
    expect(recorder.told.map(({ id }) => id)).not.toContain(own);
  });

  it('are heard again at once, without a line, when the connection is terminated', async () => {
    const { misses } = recorder;
    expect(await terminateListeners()).toBe(1);
    await recorder.missedAgain(misses, SLACK_MS);
    await expectNews(ending, recorder);
    expect(lines.lines).toEqual([]);
  });

  it('are heard again soon after a frozen server is woken, with a line for each', async () => {
    const { misses } = recorder;
    server.freeze();
    await until('a line', () => lines.lines.length === 1, 20_000);
    expect(lines.lines[0]).toContain('Ends of sessions in other processes are not heard');
    server.resume();
    await recorder.missedAgain(misses, BACK_MS);
    await until('the second line', () => lines.lines.length === 2, BACK_MS);
    await expectNews(ending, recorder);
  }, 40_000);

  it('take a connection only while somebody listens', async () => {
    expect(await listeners()).toBe(1);
    const another = await EndsRecorder.start(listening.ends);
    expect(await listeners()).toBe(1);
    another.stop();
    recorder.stop();
    await until('none', async () => (await listeners()) === 0);
  });
});

it(
  'a process that listens is told at once, and ends by itself',
  { ...RETRIED, timeout: 30_000 },
  async () => {
    const program = emit({ name: 'listening', file: FILE, text: readFileSync(FILE, 'utf8') });
    const listening = spawn(process.execPath, [program, 'pg', `${server.port}`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const pool = server.pool();
    try {
      const lines: string[] = [];
      createInterface(listening.stdout).on('line', (line) => lines.push(line));
      await until('a process that listens', () => lines[0] === 'missed', START_MS);
      const backend = new PostgresBackend({ pool });
      const id = await storedSession(backend);
      await backend.ends.end(id, 'revoked');
      await until('the news', () => lines.length > 1);
      expect(JSON.parse(lines[1]!)).toEqual({ kind: 'ended', id, reason: 'revoked' });
      const exited = once(listening, 'exit');
      const closedAtMs = performance.now();
      listening.stdin.write('close\n');
      expect(await exited).toEqual([0, null]);
      // Later it would be because a heartbeat was missed.
      expect(performance.now() - closedAtMs).toBeLessThan(HEARTBEAT_MS);
    } finally {
      listening.kill();
      await pool.end();
    }
  },
);

/** Connections that listen: whose last statement was to. */
const LISTENING = `pid <> pg_backend_pid() AND query LIKE 'LISTEN %'`;

async function listeners(): Promise<number> {
  const { rows } = await server.with((client) =>
    client.query(`SELECT count(*)::int AS n FROM pg_stat_activity WHERE ${LISTENING}`),
  );
  return (rows[0] as { n: number }).n;
}

async function terminateListeners(): Promise<number | null> {
  const { rowCount } = await server.with((client) =>
    client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${LISTENING}`),
  );
  return rowCount;
}
