import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RedisBackend } from 'nestjs-server-session';
import { HEARTBEAT_MS } from '../../src/backends/kept-subscription.js';
import { emit } from '../support/examples.js';
import { storedSession } from '../support/ends-recorder.js';
import { CLIENTS_OF, type PackageName, type TestClient } from '../support/redis-clients.js';
import { RedisServer } from '../support/redis-server.js';
import { RETRIED } from '../support/retried.js';
import { until } from '../support/until.js';

const FILE = 'test/support/listening/main.ts';
const START_MS = 20_000;
/** Within what an end is seen in another process. One of many may take longer on a machine that is busy. */
const SEEN_MS = 100;
const ENDS = 21;

let server: RedisServer;
let program: string;
beforeAll(async () => {
  server = await RedisServer.start();
  program = emit({ name: 'listening', file: FILE, text: readFileSync(FILE, 'utf8') });
});
afterAll(() => server.stop());

/** Each listens in a process of its own, by one client, to what another ends here. */
it.each<{ kind: string; ending: PackageName }>([
  { kind: 'fromUrl', ending: 'node-redis' },
  { kind: 'ioredis', ending: 'node-redis pool' },
  { kind: 'node-redis', ending: 'ioredis' },
  { kind: 'node-redis pool', ending: 'iovalkey' },
])(
  'a process with $kind is told at once, and ends by itself',
  { ...RETRIED, timeout: START_MS },
  async ({ kind, ending }) => {
    const listening = spawn(process.execPath, [program, kind, `${server.port}`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const used = CLIENTS_OF[ending].single({ host: '127.0.0.1', port: server.port });
    try {
      await expectTold(listening, used);
      const exited = once(listening, 'exit');
      const closedAtMs = performance.now();
      listening.stdin.write('close\n');
      expect(await exited).toEqual([0, null]);
      // Later it would be because a heartbeat was missed.
      expect(performance.now() - closedAtMs).toBeLessThan(HEARTBEAT_MS);
    } finally {
      listening.kill();
      await used.close();
    }
  },
);

async function expectTold(listening: ChildProcess, used: TestClient): Promise<void> {
  const lines: string[] = [];
  createInterface(listening.stdout!).on('line', (line) => lines.push(line));
  await until('a process that listens', () => lines[0] === 'missed', START_MS);
  await used.ready;
  const backend = new RedisBackend({ client: used.client });
  const tookMs: number[] = [];
  for (let count = 1; count <= ENDS; count++) {
    const id = await storedSession(backend);
    const endedAtMs = performance.now();
    await backend.ends.end(id, 'revoked');
    await until('the news', () => lines.length > count);
    expect(JSON.parse(lines[count]!)).toEqual({ kind: 'ended', id, reason: 'revoked' });
    tookMs.push(performance.now() - endedAtMs);
  }
  expect(tookMs.toSorted((a, b) => a - b)[(ENDS - 1) / 2]).toBeLessThan(SEEN_MS);
}
