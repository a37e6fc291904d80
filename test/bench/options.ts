import { parseArgs } from 'node:util';
import { PLATFORMS, type Platform } from './variants.js';

export const BENCHMARK_NAMES = [
  'requests',
  'latency',
  'hot',
  'sizes',
  'redis-memory',
  'redis-time',
  'memory',
  'gateways',
  'principals',
  'ends',
  'cookie',
  'postgres',
  'postgres-rows',
  'postgres-writes',
] as const;
export type BenchmarkName = (typeof BENCHMARK_NAMES)[number];

/** What is `undefined` is for the benchmark to choose. */
export interface BenchOptions {
  readonly benchmarks: readonly BenchmarkName[];
  readonly rounds: number | undefined;
  /** In each round, for each variant. */
  readonly requests: number | undefined;
  readonly sessions: number | undefined;
  /** How many send requests at once. */
  readonly clients: number | undefined;
  /** That are open at a time, for each variant. */
  readonly sockets: number | undefined;
  /** For each variant, in each round. */
  readonly seconds: number | undefined;
  /** Which variants, by "platform: label". */
  readonly only: RegExp;
  readonly platforms: readonly Platform[] | undefined;
  /** Where every sample is written to. */
  readonly json: string | undefined;
  /** Where a picture is written to. */
  readonly svg: string | undefined;
}

export const USAGE = `npm run bench -- [benchmark] [options]
  requests        CPU time and Redis commands per request (what runs where none is named)
                  --rounds 12 --requests 4000 --clients 32
  latency         one client, with a Redis that is 1 ms away
                  --rounds 6 --requests 300
  hot             100 requests at once on one session
                  --rounds 10 --svg FILE (its picture)
  sizes           sessions of 1 to 100 fields and 1 to 100 KB
                  --rounds 6 --requests 1200 --platform fastify
  redis-memory    bytes that a session takes in Redis
                  --sessions 1000000
  redis-time      time that Redis takes for a session
                  --requests 10000
  memory          heap and time of MemoryBackend
                  --sessions 1000000 --rounds 12
  gateways        CPU time and Redis commands per message of a gateway
                  --rounds 6 --sockets 2000 --seconds 3
  principals      a user with 1 to 10,000 sessions
  ends            how soon another process sees that a session has ended, and what many ends at once block
                  --sessions 2000 --sockets 10000
  cookie          CPU time per request of sessions in cookies, beside iron-session and @fastify/secure-session
                  --rounds 12 --requests 4000 --clients 32
  postgres        CPU time and statements per request, beside connect-pg-simple
                  --rounds 12 --requests 4000 --clients 32
  postgres-rows   bytes that a session takes in PostgreSQL
                  --sessions 1000000
  postgres-writes 2,000 writes a second, and what becomes of the tables
                  --sessions 1000000 --seconds 600
  all             all of these
options, with the defaults above
  --rounds N                    measured rounds
  --requests N                  requests in each round for each variant
  --sessions N                  sessions that are kept
  --clients N                   how many send requests at once
  --sockets N                   open sockets, of each variant or of one principal
  --seconds N                   seconds that each round takes for each variant
  --platform fastify|express    one platform only
  --only REGEX                  variants whose "platform: label" matches, where servers are measured
  --json FILE                   write every sample to a file`;

/** @throws Error that says which argument is wrong, and what there is */
export function readOptions(args: string[]): BenchOptions {
  try {
    return parse(args);
  } catch (cause) {
    throw new Error(`${(cause as Error).message}\n${USAGE}`, { cause });
  }
}

function parse(args: string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      requests: { type: 'string' },
      sessions: { type: 'string' },
      clients: { type: 'string' },
      sockets: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string', default: '' },
      platform: { type: 'string' },
      json: { type: 'string' },
      svg: { type: 'string' },
    },
  });
  const [name = 'requests', ...others] = positionals;
  if (others.length > 0) throw new Error(`One benchmark at a time, not also ${others.join(', ')}`);
  return {
    benchmarks: name === 'all' ? BENCHMARK_NAMES : [oneOf('benchmark', BENCHMARK_NAMES, name)],
    rounds: count('--rounds', values.rounds),
    requests: count('--requests', values.requests),
    sessions: count('--sessions', values.sessions),
    clients: count('--clients', values.clients),
    sockets: count('--sockets', values.sockets),
    seconds: count('--seconds', values.seconds),
    only: new RegExp(values.only, 'i'),
    platforms: values.platform ? [oneOf('--platform', PLATFORMS, values.platform)] : undefined,
    json: values.json,
    svg: values.svg,
  };
}

function count(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`${option} must be a whole number above 0, not "${text}"`);
}

function oneOf<T extends string>(option: string, known: readonly T[], text: string): T {
  const found = known.find((name) => name === text);
  if (found) return found;
  throw new Error(`${option} must be ${known.join(' or ')}, not "${text}"`);
}
