import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { check } from './checker/index.js';
import type { History } from './history.js';
import { readOptions, type TortureOptions } from './options.js';
import { Random } from './random.js';
import { type PlayedRound, roundReport, summary } from './report.js';
import { playRound, type RoundOptions } from './round.js';

/** Long enough for most nemeses, and short enough for its history to be checked at once. */
const MAX_ROUND_MS = 20_000;

try {
  const isKept = await main(readOptions(process.argv.slice(2)));
  process.exitCode = isKept ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? `Torture stopped. ${error.message}` : error);
  process.exitCode = 2;
}

async function main(options: TortureOptions): Promise<boolean> {
  const stopped = new AbortController();
  const stop = (reason: unknown) => stopped.abort(reason);
  process.once('SIGINT', stop).once('SIGTERM', stop);
  // Whatever goes wrong in here, what was started is stopped first.
  process.once('uncaughtException', stop);
  console.log(`seed ${options.seed} (it fixes what is done, not when: a run with it is similar)\n`);
  const rounds: PlayedRound[] = [];
  for (const round of plan(options, stopped.signal)) {
    if (stopped.signal.aborted) break;
    const { topology, profile, seed } = round;
    const title = `round ${rounds.length + 1}: ${topology}, ${profile}, seed ${seed}`;
    const history = await playRound(round);
    const played = { title, history, judgement: check(history) };
    console.log(`${roundReport(played)}\n`);
    if (played.judgement.violations.length > 0) await keep(options, rounds.length + 1, history);
    rounds.push(played);
  }
  if (stopped.signal.reason instanceof Error) throw stopped.signal.reason;
  console.log(summary(rounds));
  console.log(`\nseed ${options.seed}`);
  return rounds.every(({ judgement }) => judgement.violations.length === 0);
}

/** Each topology with each profile in turn, as long as there is time. */
function* plan(options: TortureOptions, signal: AbortSignal): Generator<RoundOptions> {
  const { apps, topologies, profiles, nemeses } = options;
  const random = new Random(options.seed);
  const pairs = random.shuffled(
    topologies.flatMap((topology) => profiles.map((profile) => ({ topology, profile }))),
  );
  const totalMs = options.minutes * 60_000;
  const count = Math.ceil(totalMs / MAX_ROUND_MS);
  for (let index = 0; index < count; index++) {
    yield {
      ...pairs[index % pairs.length]!,
      seed: random.between(1, 2 ** 31),
      ms: totalMs / count,
      apps,
      signal,
      ...(nemeses && { nemeses }),
    };
  }
}

/** Keeps the whole history of a round, for whoever looks further. */
async function keep({ out }: TortureOptions, number: number, history: History): Promise<void> {
  if (out === undefined) return;
  await mkdir(out, { recursive: true });
  const lines = [history.bounds, ...history.events].map((each) => JSON.stringify(each));
  await writeFile(join(out, `round-${number}.jsonl`), `${lines.join('\n')}\n`);
  if (history.log !== undefined) {
    await writeFile(join(out, `round-${number}.aof`), history.log, 'latin1');
  }
}
