import { setTimeout as sleep } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { type IssuedSession, SessionService } from 'nestjs-server-session';
import type { BenchContext } from '../benchmark.js';
import { median, quantile } from '../statistics.js';
import { type Column, decimal, markdownTable } from '../table.js';
import { EndsModule } from './app.js';
import { openSockets } from './sockets.js';
import { WatcherProcess } from './watcher-process.js';

/** How many sessions are begun at a time. */
const AT_ONCE = 100;
/** A session that is watched is asked for once; until then its end would be seen by that. */
const SETTLE_MS = 1000;

interface Latencies {
  readonly label: string;
  /** From the time at which `revoke` was called, and from that at which it was answered. */
  readonly fromCallMs: readonly number[];
  readonly fromAnswerMs: readonly number[];
}

const COLUMNS: readonly Column<Latencies>[] = [
  ['watched by', ({ label }) => label],
  ['median ms', ({ fromAnswerMs }) => decimal(median(fromAnswerMs), 2)],
  ['p99 ms', ({ fromAnswerMs }) => decimal(quantile(fromAnswerMs, 0.99), 2)],
  ['longest ms', ({ fromAnswerMs }) => decimal(Math.max(...fromAnswerMs), 2)],
  ['from the call: median ms', ({ fromCallMs }) => decimal(median(fromCallMs), 2)],
  ['p99 ms ', ({ fromCallMs }) => decimal(quantile(fromCallMs, 0.99), 2)],
];

const LEGEND = [
  'Two processes. One calls revoke(id) for one session after another; how long after its answer (less than nothing where the',
  'news were faster) the signal of the other process is aborted, and a client sees its socket closed.',
].join('\n');

/** How soon the end of a session is seen in another process, and how long many ends block its event loop. */
export async function measureEnds(context: BenchContext): Promise<unknown> {
  const { sessions = 2000, sockets = 10_000 } = context.options;
  console.log(`${sessions} sessions, then ${sockets} sockets of one principal`);
  const redis = context.redis.client({ retryStrategy: () => null });
  const app = await NestFactory.createApplicationContext(EndsModule.forRedis(redis, false), {
    logger: ['error', 'warn'],
  });
  const watcher = await WatcherProcess.start(context.redis.url);
  try {
    const service = app.get(SessionService);
    const signals = await latenciesOf('a signal', service, await issue(service, sessions), {
      watch: async (ids) => {
        await watcher.watch(ids.map(({ id }) => id));
        return async (id) => {
          while (!watcher.endedAtMs.has(id)) await sleep(1);
          return watcher.endedAtMs.get(id)!;
        };
      },
    });
    context.signal.throwIfAborted();
    const closings = await latenciesOf('a socket', service, await issue(service, sessions), {
      watch: async (issued) => {
        const opened = await openSockets(watcher.port, issued);
        const byId = new Map(opened.map(({ id, closedAtMs }) => [id, closedAtMs]));
        return (id) => byId.get(id)!;
      },
    });
    context.signal.throwIfAborted();
    const crowd = await closeCrowd(service, watcher, sockets);
    console.log(`\n${markdownTable(COLUMNS, [signals, closings])}\n\n${LEGEND}`);
    console.log(
      `\n${sockets} sockets of one principal: all closed ${decimal(crowd.closedMs, 0)} ms after revokeAll() was called; longest block of the event loop ${decimal(crowd.longestBlockMs, 1)} ms.`,
    );
    return { signals, closings, crowd };
  } finally {
    await watcher.stop();
    await app.close();
    redis.disconnect();
  }
}

interface Way {
  /** @returns when the end of a session was seen */
  watch(issued: readonly IssuedSession[]): Promise<(id: string) => Promise<number>>;
}

async function latenciesOf(
  label: string,
  service: SessionService,
  issued: readonly IssuedSession[],
  way: Way,
): Promise<Latencies> {
  console.error(`${issued.length} sessions, each watched by ${label}`);
  const endedAtMs = await way.watch(issued);
  await sleep(SETTLE_MS);
  const fromCallMs: number[] = [];
  const fromAnswerMs: number[] = [];
  for (const { id } of issued) {
    const calledAtMs = nowMs();
    await service.revoke(id);
    const answeredAtMs = nowMs();
    const seenAtMs = await endedAtMs(id);
    fromCallMs.push(seenAtMs - calledAtMs);
    fromAnswerMs.push(seenAtMs - answeredAtMs);
  }
  return { label, fromCallMs, fromAnswerMs };
}

/** Ends all sessions of somebody with many sockets. */
async function closeCrowd(service: SessionService, watcher: WatcherProcess, sockets: number) {
  console.error(`opening ${sockets} sockets of one principal`);
  const opened = await openSockets(watcher.port, await issue(service, sockets, () => 'crowd'));
  await sleep(SETTLE_MS);
  let closedMs = Number.NaN;
  const longestBlockMs = await watcher.longestBlockMs(async () => {
    const calledAtMs = nowMs();
    await service.revokeAll('crowd');
    const closed = await Promise.all(opened.map(({ closedAtMs }) => closedAtMs));
    closedMs = closed.reduce((latest, at) => Math.max(latest, at), 0) - calledAtMs;
  });
  return { closedMs, longestBlockMs };
}

async function issue(
  service: SessionService,
  count: number,
  principalOf: (at: number) => string = (at) => `user-${at}`,
): Promise<IssuedSession[]> {
  const issued: IssuedSession[] = [];
  for (let at = 0; at < count; at += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - at) }, (_, index) =>
      service.issue(principalOf(at + index)),
    );
    issued.push(...(await Promise.all(batch)));
  }
  return issued;
}

function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
