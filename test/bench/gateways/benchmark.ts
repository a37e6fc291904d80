import type { BenchContext } from '../benchmark.js';
import { runRounds } from '../rounds.js';
import { differences, median, quantile } from '../statistics.js';
import { type Column, decimal, markdownTable } from '../table.js';
import { matching } from '../variants.js';
import { Crowd, type GatewaySample } from './crowd.js';
import { GATEWAY_PLATFORMS, gatewayVariants } from './variants.js';

const WARM_UP_ROUNDS = 2;

interface Result {
  readonly label: string;
  readonly cpu: readonly number[];
  /** CPU time above that of the same gateway without the library, round by round. */
  readonly overhead: readonly number[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly commandsSent: number;
  readonly commandsRun: number;
}

const COLUMNS: readonly Column<Result>[] = [
  ['gateway', ({ label }) => label],
  ['CPU µs/message', ({ cpu }) => decimal(median(cpu), 1)],
  ['quartiles', ({ cpu }) => [0.25, 0.75].map((q) => decimal(quantile(cpu, q), 1)).join(' … ')],
  ['overhead µs', ({ overhead }) => decimal(median(overhead), 1)],
  ['p50 ms', ({ p50Ms }) => decimal(p50Ms, 2)],
  ['p99 ms', ({ p99Ms }) => decimal(p99Ms, 2)],
  ['Redis sent', ({ commandsSent }) => decimal(commandsSent, 2)],
  ['Redis run', ({ commandsRun }) => decimal(commandsRun, 2)],
];

const LEGEND = [
  'Medians over the rounds. CPU: user and system time of the server process, by messages answered. Overhead: above the gateway',
  'without the library, taken in each round, then its median. Redis sent: commands that the server sent for a message, a script',
  'counting once. Redis run: what Redis ran, with the commands that scripts call. Latency is that of the acknowledgement.',
].join('\n');

/** What a message of a gateway costs, with many open sockets that are mostly silent. */
export async function measureGateways(context: BenchContext): Promise<unknown> {
  const { rounds = 6, sockets = 2000, seconds = 3, only } = context.options;
  const variants = matching(GATEWAY_PLATFORMS.flatMap(gatewayVariants), only);
  console.log(
    `${variants.length} variants, ${WARM_UP_ROUNDS} + ${rounds} rounds of ${seconds} s, ${sockets} sockets each, a message a second by each`,
  );
  const redis = context.redis.client({ retryStrategy: () => null });
  const settings = { redisUrl: context.redis.url, redis, sockets, signal: context.signal };
  const crowds: Crowd[] = [];
  try {
    console.error(`starting ${variants.length} servers with ${sockets} sockets each`);
    for (const variant of variants) crowds.push(await Crowd.start(variant, settings));
    const measurements = crowds.map((crowd) => crowd.measurement(seconds));
    await runRounds(measurements, { warmUp: WARM_UP_ROUNDS, measured: rounds }, context.signal);
    for (const crowd of crowds) await crowd.countCommandsSent();
    report(crowds);
    return crowds.map(({ variant, commandsSentPerMessage, samples }) => ({
      ...variant,
      commandsSentPerMessage,
      samples,
    }));
  } finally {
    await Promise.all(crowds.map((crowd) => crowd.stop()));
    redis.disconnect();
  }
}

function report(crowds: readonly Crowd[]): void {
  for (const platform of GATEWAY_PLATFORMS) {
    const own = crowds.filter(({ variant }) => variant.platform === platform);
    if (own.length === 0) continue;
    const bare = own.find(({ variant }) => variant.kind === 'none');
    const results = own.map((crowd) => resultOf(crowd, bare));
    console.log(`\n### ${platform}\n\n${markdownTable(COLUMNS, results)}`);
  }
  console.log(`\n${LEGEND}`);
}

function resultOf({ variant, samples, commandsSentPerMessage }: Crowd, bare?: Crowd): Result {
  const all = (figure: keyof GatewaySample) => samples.map((sample) => sample[figure]);
  const cpu = all('cpuMicrosPerMessage');
  return {
    label: variant.label,
    cpu,
    overhead: differences(
      cpu,
      bare?.samples.map(({ cpuMicrosPerMessage }) => cpuMicrosPerMessage),
    ),
    p50Ms: median(all('p50Ms')),
    p99Ms: median(all('p99Ms')),
    commandsSent: commandsSentPerMessage,
    commandsRun: median(all('commandsRunPerMessage')),
  };
}
