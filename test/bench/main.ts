import { writeFile } from 'node:fs/promises';
import { RedisServer } from '../support/redis-server.js';
import { type Circumstances, circumstances, describe } from './machine.js';
import { type BenchOptions, readOptions, USAGE } from './options.js';
import { runRounds, WARM_UP_ROUNDS } from './rounds.js';
import { Subject, VISITORS } from './subject.js';
import { summarize } from './summary.js';
import { LEGEND, markdownTable } from './table.js';
import { selectVariants, type Variant } from './variants.js';

const args = process.argv.slice(2);
try {
  await main(readOptions(args));
} catch (error) {
  console.error(error instanceof Error ? `Benchmark stopped. ${error.message}` : error);
  process.exitCode = 1;
}

async function main(options: BenchOptions): Promise<void> {
  const variants = selectVariants(options.platforms, options.only);
  if (variants.length === 0) throw new Error(`No variant matches ${options.only}.\n${USAGE}`);
  const stopped = new AbortController();
  const stop = (signal: string) => stopped.abort(new Error(`Got ${signal}.`));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const server = await RedisServer.start();
  const redis = server.client();
  const subjects: Subject[] = [];
  try {
    const where = await circumstances(args, redis);
    console.log(`${describe(where)}\n${plan(options, variants)}`);
    console.error('starting the servers');
    for (const variant of variants) subjects.push(await Subject.start(variant, server.url, redis));
    await runRounds(subjects, options.rounds, options.requests, stopped.signal);
    for (const subject of subjects) await subject.countCommandsSent();
    await report(options, where, subjects);
  } finally {
    await Promise.all(subjects.map((subject) => subject.stop()));
    redis.disconnect();
    await server.stop();
  }
}

function plan({ rounds, requests }: BenchOptions, variants: readonly Variant[]): string {
  return `${variants.length} variants, ${WARM_UP_ROUNDS} + ${rounds} rounds of ${requests} requests from ${VISITORS} clients each`;
}

async function report(
  options: BenchOptions,
  where: Circumstances,
  subjects: readonly Subject[],
): Promise<void> {
  for (const platform of options.platforms) {
    const summaries = summarize(subjects, platform);
    if (summaries.length > 0) console.log(`\n### ${platform}\n\n${markdownTable(summaries)}`);
  }
  console.log(`\n${LEGEND}`);
  if (options.json === undefined) return;
  const variants = subjects.map(({ variant, commandsSentPerRequest, samples }) => ({
    ...variant,
    commandsSentPerRequest,
    samples,
  }));
  await writeFile(options.json, `${JSON.stringify({ ...where, variants }, null, 2)}\n`);
}
