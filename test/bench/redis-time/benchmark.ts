import type { Redis } from 'ioredis';
import { RedisBackend, type SessionChange } from 'nestjs-server-session';
import type { BenchContext } from '../benchmark.js';
import { type Column, decimal, markdownTable } from '../table.js';

const SESSIONS = 200;
/** How many sessions are asked for in one turn of the event loop. */
const AT_ONCE = [1, 20];
const KILOBYTES = [0.4, 4, 20, 100];

const GENERATION = 'g'.repeat(8);
const HASH = 'h'.repeat(43);
const LIFETIME = { idleMs: 1_000_000, absoluteMs: Infinity };
const CHANGE: SessionChange = {
  generation: GENERATION,
  hash: HASH,
  isUse: false,
  set: { visits: '2' },
  remove: [],
  increment: {},
};

interface Times {
  readonly kilobytes: number;
  readonly atOnce: number;
  readonly readMicros: number;
  readonly updateMicros: number;
}

const COLUMNS: Column<Times>[] = [
  ['session, KB', ({ kilobytes }) => String(kilobytes)],
  ['asked for at once', ({ atOnce }) => String(atOnce)],
  ['read, µs', ({ readMicros }) => decimal(readMicros, 2)],
  ['one field changed, µs', ({ updateMicros }) => decimal(updateMicros, 2)],
];

const LEGEND = `Time that Redis itself takes for one session, by \`INFO commandstats\`: what one core of it can do.`;

/** What reading and changing a session costs Redis. */
export async function measureRedisTime({ options, redis, signal }: BenchContext): Promise<unknown> {
  const client = redis.client();
  const times: Times[] = [];
  try {
    const backend = new RedisBackend({ client });
    for (const kilobytes of KILOBYTES) {
      const ids = await store(backend, kilobytes);
      for (const atOnce of AT_ONCE) {
        signal.throwIfAborted();
        console.error(`${kilobytes} KB, ${atOnce} at once`);
        const turns = Math.ceil((options.requests ?? 10_000) / atOnce);
        times.push({ kilobytes, atOnce, ...(await timesOf(client, backend, ids, turns, atOnce)) });
      }
    }
  } finally {
    client.disconnect();
  }
  console.log(`\n${markdownTable(COLUMNS, times)}\n\n${LEGEND}`);
  return times;
}

async function store(backend: RedisBackend, kilobytes: number): Promise<string[]> {
  const now = String(Date.now());
  const text = JSON.stringify('x'.repeat(kilobytes * 1000));
  const ids = Array.from({ length: SESSIONS }, (_, index) => `${kilobytes}-${index}`);
  const times = { $created: now, $seen: now };
  const record = { $gen: GENERATION, $hash: HASH, ...times, visits: '1', text };
  await Promise.all(ids.map((id) => backend.create(id, record, 1000)));
  return ids;
}

async function timesOf(
  client: Redis,
  backend: RedisBackend,
  ids: string[],
  turns: number,
  atOnce: number,
): Promise<Pick<Times, 'readMicros' | 'updateMicros'>> {
  const update = (id: string) => backend.update(id, CHANGE, LIFETIME);
  // The connection has the script before it is measured.
  await update(ids[0]!);
  const each = async (run: (id: string) => Promise<unknown>) => {
    await client.config('RESETSTAT');
    for (let turn = 0; turn < turns; turn++) {
      const at = (turn * atOnce) % ids.length;
      await Promise.all(ids.slice(at, at + atOnce).map(run));
    }
    return (await microsOf(client)) / (turns * atOnce);
  };
  return { readMicros: await each((id) => backend.get(id)), updateMicros: await each(update) };
}

/** Of commands that clients sent: those that scripts call are part of the script's time. */
async function microsOf(client: Redis): Promise<number> {
  const stats = await client.info('commandstats');
  const sent = [...stats.matchAll(/^cmdstat_(\w+):calls=\d+,usec=(\d+)/gm)];
  const script = sent.find(([, name]) => name === 'evalsha');
  const reads = sent.filter(([, name]) => name === 'get' || name === 'mget');
  return Number((script ?? reads[0])?.[2]);
}
