import { randomBytes } from 'node:crypto';
import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Redis } from 'ioredis';
import {
  RedisBackend,
  SessionModule,
  SessionService,
  type StoredSession,
} from 'nestjs-server-session';
import type { BenchContext } from '../benchmark.js';
import { SECRET } from '../apps/secret.js';
import { type Column, decimal, markdownTable } from '../table.js';

const SIZES = [1, 5, 100, 10_000];
const PAGE = 50;
/** How many sign in at once. */
const BATCH = 100;
/** Slower commands are looked at, in µs. */
const LOOKED_AT_MICROS = 50;

interface Measured {
  readonly sessions: number;
  readonly indexBytes: number;
  readonly signInCommands: number;
  readonly signInMicros: number;
  readonly pageCommands: number;
  readonly pageMs: number;
  readonly listMs: number;
  readonly revokeCommands: number;
  readonly revokeMs: number;
  readonly slowestMicros: number;
}

const COLUMNS: Column<Measured>[] = [
  ['sessions of one user', ({ sessions }) => String(sessions)],
  ['index, bytes/session', ({ indexBytes }) => decimal(indexBytes, 0)],
  ['commands/sign-in', ({ signInCommands }) => decimal(signInCommands, 1)],
  ['Redis, µs/sign-in', ({ signInMicros }) => decimal(signInMicros, 0)],
  [`page of ${PAGE}: commands`, ({ pageCommands }) => String(pageCommands)],
  ['ms', ({ pageMs }) => decimal(pageMs, 1)],
  ['all: ms', ({ listMs }) => decimal(listMs, 1)],
  ['revokeAll: commands', ({ revokeCommands }) => String(revokeCommands)],
  ['ms', ({ revokeMs }) => decimal(revokeMs, 1)],
  ['slowest command of these, µs', ({ slowestMicros }) => String(slowestMicros)],
];

const LEGEND = [
  'One process, one Redis. `MEMORY USAGE` of the index; commands and time by `INFO commandstats`, the commands of scripts left out;',
  'the slowest command of listing and revoking, by `SLOWLOG`. Sign-ins are by `sessions.issue()`, a hundred at once.',
].join('\n');

/** What a user with many sessions costs. */
export async function measurePrincipals({ redis, signal }: BenchContext): Promise<unknown> {
  const client = redis.client();
  const app = await start(client);
  const results: Measured[] = [];
  try {
    await client.config('SET', 'slowlog-log-slower-than', String(LOOKED_AT_MICROS));
    await client.config('SET', 'slowlog-max-len', '1000');
    // What is only loaded or compiled for the first of them.
    await measure(app.get(SessionService), client, 1);
    for (const size of SIZES) {
      signal.throwIfAborted();
      console.error(`${size} sessions`);
      results.push(await measure(app.get(SessionService), client, size));
    }
  } finally {
    await app.close();
    client.disconnect();
  }
  console.log(`\n${markdownTable(COLUMNS, results)}\n\n${LEGEND}`);
  return results;
}

async function start(client: Redis): Promise<INestApplication> {
  @Module({
    imports: [
      SessionModule.forRoot({
        secret: SECRET,
        transports: ['cookie', 'bearer'],
        backend: new RedisBackend({ client }),
      }),
    ],
  })
  class AppModule {}
  const app = await NestFactory.create(AppModule, { logger: false });
  return app.init();
}

async function measure(sessions: SessionService, client: Redis, size: number): Promise<Measured> {
  const user = randomBytes(8).toString('hex');
  const signIns = await counted(client, async () => {
    for (let made = 0; made < size; made += BATCH) {
      const count = Math.min(BATCH, size - made);
      await Promise.all(Array.from({ length: count }, () => sessions.issue(user)));
    }
  });
  const [key] = await client.keys('sess:of:*');
  const indexBytes = Number(await client.memory('USAGE', key!, 'SAMPLES', 0)) / size;
  await client.slowlog('RESET');
  const page = await counted(client, () => pageOf(sessions, user));
  const list = await counted(client, () => sessions.list(user));
  const revoked = await counted(client, () => sessions.revokeAll(user));
  await client.del(key!);
  return {
    sessions: size,
    indexBytes,
    signInCommands: signIns.commands / size,
    signInMicros: signIns.micros / size,
    pageCommands: page.commands,
    pageMs: page.tookMs,
    listMs: list.tookMs,
    revokeCommands: revoked.commands,
    revokeMs: revoked.tookMs,
    slowestMicros: await slowest(client),
  };
}

/** The second page, which says where it begins. */
async function pageOf(sessions: SessionService, user: string): Promise<StoredSession[]> {
  const [first] = await sessions.list(user, { limit: 1 });
  return sessions.list(user, { limit: PAGE, before: first! });
}

async function counted(client: Redis, run: () => Promise<unknown>) {
  await client.config('RESETSTAT');
  const startedAtMs = performance.now();
  await run();
  const tookMs = performance.now() - startedAtMs;
  const stats = await client.info('commandstats');
  let [commands, micros] = [0, 0];
  // What scripts call is counted by itself, and as a part of them.
  for (const [, name, calls, usec] of stats.matchAll(/^cmdstat_([^:]+):calls=(\d+),usec=(\d+)/gm)) {
    if (!/^(eval|evalsha|mget)$/.test(name!)) continue;
    commands += Number(calls);
    micros += Number(usec);
  }
  return { commands, micros, tookMs };
}

async function slowest(client: Redis): Promise<number> {
  const entries = (await client.slowlog('GET', 1000)) as [number, number, number, string[]][];
  const own = entries.filter(([, , , [name]]) => /^(eval|evalsha|mget)$/i.test(name!));
  return Math.max(0, ...own.map(([, , micros]) => micros));
}
