import { writeFile } from 'node:fs/promises';
import { RedisServer } from '../support/redis-server.js';
import type { Benchmark } from './benchmark.js';
import { measureCookies } from './cookie/benchmark.js';
import { measureEnds } from './ends/benchmark.js';
import { measureGateways } from './gateways/benchmark.js';
import { measureHotSession } from './hot/benchmark.js';
import { measureLatency } from './latency/benchmark.js';
import { circumstances, describe } from './machine.js';
import { measureMemory } from './memory/benchmark.js';
import { type BenchmarkName, type BenchOptions, readOptions } from './options.js';
import { measurePostgres } from './postgres/benchmark.js';
import { measureRows } from './postgres/rows.js';
import { measureWrites } from './postgres/writes.js';
import { measurePrincipals } from './principals/benchmark.js';
import { measureRedisMemory } from './redis-memory/benchmark.js';
import { measureRedisTime } from './redis-time/benchmark.js';
import { measureRequests } from './requests/benchmark.js';
import { measureSizes } from './sizes/benchmark.js';

const BENCHMARKS: Record<BenchmarkName, Benchmark> = {
  requests: measureRequests,
  latency: measureLatency,
  hot: measureHotSession,
  sizes: measureSizes,
  'redis-memory': measureRedisMemory,
  'redis-time': measureRedisTime,
  memory: measureMemory,
  gateways: measureGateways,
  principals: measurePrincipals,
  ends: measureEnds,
  cookie: measureCookies,
  postgres: measurePostgres,
  'postgres-rows': measureRows,
  'postgres-writes': measureWrites,
};

const args = process.argv.slice(2);
try {
  await main(readOptions(args));
} catch (error) {
  console.error(error instanceof Error ? `Benchmark stopped. ${error.message}` : error);
  process.exitCode = 1;
}

async function main(options: BenchOptions): Promise<void> {
  const stopped = new AbortController();
  const stop = (signal: string) => stopped.abort(new Error(`Got ${signal}.`));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const results: Record<string, unknown> = {};
  for (const name of options.benchmarks) {
    results[name] = await run(name, options, stopped.signal);
  }
  if (options.json) await writeFile(options.json, `${JSON.stringify(results, null, 2)}\n`);
}

async function run(
  name: BenchmarkName,
  options: BenchOptions,
  signal: AbortSignal,
): Promise<unknown> {
  signal.throwIfAborted();
  const redis = await RedisServer.start();
  try {
    const where = await circumstances(args, redis);
    console.log(`\n## ${name}\n\n${describe(where)}`);
    return { ...where, samples: await BENCHMARKS[name]({ options, redis, signal }) };
  } finally {
    await redis.stop();
  }
}
