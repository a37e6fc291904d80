import type { Redis } from 'ioredis';
import { RedisServer } from '../../support/redis-server.js';
import type { BenchContext } from '../benchmark.js';
import { type Column, decimal, markdownTable } from '../table.js';
import { type Layout, LAYOUTS, type SessionWriter } from './layouts.js';

/** How many sessions are under way at the same time. */
const BATCH = 1000;

interface Size {
  readonly label: string;
  readonly bytes: number;
  readonly encoding: string;
}

const LEGEND = [
  '`used_memory` of a server with these sessions less that of the same server empty, by sessions. Five small fields and',
  'one of 200 bytes; every key has a time to live. express-session: its own session, cookie and id (24 bytes by',
  'uid-safe), stored by `RedisStore.set`. This library: `RedisBackend.create`. HASH: `HSET` and `EXPIRE` of the same',
  'record, ids and prefix as this library. Large listpacks: `hash-max-listpack-value 1024`.',
].join('\n');

/** What a session takes in Redis, with a new server for each way of keeping it. */
export async function measureRedisMemory({ options, signal }: BenchContext): Promise<unknown> {
  const { sessions = 1_000_000 } = options;
  console.log(`${sessions} sessions in each server`);
  const sizes: Size[] = [];
  for (const layout of LAYOUTS) sizes.push(await sizeOf(layout, sessions, signal));
  console.log(`\n${markdownTable(columns(sizes[0]!), sizes)}\n\n${LEGEND}`);
  return sizes;
}

function columns(peer: Size): Column<Size>[] {
  return [
    ['kept as', ({ label }) => label],
    ['bytes/session', ({ bytes }) => decimal(bytes, 0)],
    ['× connect-redis', ({ bytes }) => decimal(bytes / peer.bytes, 2)],
    ['encoding', ({ encoding }) => encoding],
  ];
}

async function sizeOf(layout: Layout, sessions: number, signal: AbortSignal): Promise<Size> {
  const server = await RedisServer.start(...layout.serverArgs);
  const observer = server.client();
  try {
    const before = await usedMemory(observer);
    const writer = await layout.open(server);
    try {
      await fill(layout.label, writer, sessions, signal);
    } finally {
      writer.close();
    }
    const bytes = ((await usedMemory(observer)) - before) / sessions;
    return { label: layout.label, bytes, encoding: await encodingIn(observer, sessions) };
  } finally {
    observer.disconnect();
    await server.stop();
  }
}

async function fill(
  label: string,
  writer: SessionWriter,
  sessions: number,
  signal: AbortSignal,
): Promise<void> {
  const startedAtMs = performance.now();
  for (let stored = 0; stored < sessions; stored += BATCH) {
    signal.throwIfAborted();
    const count = Math.min(BATCH, sessions - stored);
    await Promise.all(Array.from({ length: count }, () => writer.add()));
  }
  const seconds = (performance.now() - startedAtMs) / 1000;
  console.error(`${label}: ${sessions} sessions in ${decimal(seconds, 1)} s`);
}

/** Once only the observer is connected: what clients take is no part of a session. */
async function usedMemory(observer: Redis): Promise<number> {
  for (;;) {
    const { connected_clients, used_memory } = await figures(observer);
    if (connected_clients === 1) return used_memory!;
  }
}

async function figures(observer: Redis): Promise<Record<string, number>> {
  const lines = (await observer.info()).matchAll(/^(connected_clients|used_memory):(\d+)/gm);
  return Object.fromEntries(Array.from(lines, ([, name, value]) => [name, Number(value)]));
}

/** @throws Error where the server does not hold exactly these sessions */
async function encodingIn(observer: Redis, sessions: number): Promise<string> {
  const held = await observer.dbsize();
  if (held !== sessions) throw new Error(`Redis holds ${held} sessions instead of ${sessions}`);
  const key = await observer.randomkey();
  return String(await observer.object('ENCODING', key!));
}
