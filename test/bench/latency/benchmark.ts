import type { BenchContext } from '../benchmark.js';
import { runRounds } from '../rounds.js';
import { differences, median, ratios } from '../statistics.js';
import type { Subject } from '../subject.js';
import { withSubjects } from '../subjects.js';
import { type Column, decimal, markdownTable } from '../table.js';
import { matching, nameOf, PLATFORMS, variantsOf } from '../variants.js';
import { Probe } from './probe.js';
import { pingTimes, Relay } from './relay.js';

const DELAY_MS = 0.5;
/** One: what a request waits for itself, and not for others. */
const VISITORS = 1;
const WARM_UP_ROUNDS = 3;
const PINGS = 200;

interface Latency {
  readonly name: string;
  readonly p50Ms: number;
  /** Above that of a server without sessions. */
  readonly extraMs: number;
  readonly extraByPing: number;
  readonly roundTrips: number;
}

interface Probed {
  readonly subject: Subject;
  readonly probe: Probe;
}

const COLUMNS: readonly Column<Latency>[] = [
  ['variant', ({ name }) => name],
  ['p50 ms', ({ p50Ms }) => decimal(p50Ms, 2)],
  ['extra ms', ({ extraMs }) => decimal(extraMs, 2)],
  ['extra / PING', ({ extraByPing }) => decimal(extraByPing, 2)],
  ['round trips', ({ roundTrips }) => decimal(roundTrips, 2)],
];

const LEGEND = [
  'p50: of the requests of one client, one after another, with the delay. Extra: above that of "no session" on the same',
  'platform. PING: the raw one above. Round trips: how much the delay adds to a request, by how much it adds to a PING,',
  'so that the work of server, Redis and system is left out. Everything is taken in each round, then the medians.',
].join('\n');

/** How long a request takes where Redis is a millisecond away. */
export async function measureLatency(context: BenchContext): Promise<unknown> {
  const { platforms = PLATFORMS, only } = context.options;
  const used = platforms.flatMap(variantsOf).filter(({ route }) => route !== 'unused');
  const variants = matching(used, only);
  const relay = await Relay.start(context.redis.port);
  try {
    const setup = { variants, visitors: VISITORS, url: relay.url };
    return await withSubjects(context, setup, (subjects) => measure(context, subjects, relay));
  } finally {
    await relay.stop();
  }
}

async function measure(
  { options, signal }: BenchContext,
  subjects: readonly Subject[],
  relay: Relay,
): Promise<unknown> {
  const { rounds = 6, requests = 300 } = options;
  console.log(
    `${subjects.length} variants, ${WARM_UP_ROUNDS} + ${rounds} rounds of ${requests} requests from one client each, with and without the delay`,
  );
  const ping = new Probe(relay, DELAY_MS, async () => median(await pingTimes(relay.port, PINGS)));
  const probed = subjects.map((subject): Probed => {
    const p50Ms = async () => (await subject.measure(requests)).p50Ms;
    return { subject, probe: new Probe(relay, DELAY_MS, p50Ms) };
  });
  const measurements = [ping, ...probed.map(({ probe }) => probe)].map((probe) => probe.measure);
  await runRounds(measurements, { warmUp: WARM_UP_ROUNDS, measured: rounds }, signal);
  report(ping, probed);
  const series = probed.map(({ subject, probe }) => ({ ...subject.variant, ...probe.p50s }));
  return { ping: ping.p50s, variants: series };
}

function report({ p50s }: Probe, probed: readonly Probed[]): void {
  const [near, far] = [p50s.near, p50s.far].map((series) => decimal(median(series), 3));
  console.log(
    `Raw PING through the relay, p50: ${far} ms with the delay (${DELAY_MS} ms each way), ${near} ms without`,
  );
  const latencies = probed.map((one) => latencyOf(one, probed, p50s));
  console.log(`\n${markdownTable(COLUMNS, latencies)}\n\n${LEGEND}`);
}

function latencyOf(
  { subject: { variant }, probe }: Probed,
  all: readonly Probed[],
  ping: Probe['p50s'],
): Latency {
  const bare = all.find(
    ({ subject: other }) =>
      other.variant.kind === 'none' && other.variant.platform === variant.platform,
  );
  const { near, far } = probe.p50s;
  const extra = differences(far, bare?.probe.p50s.far);
  return {
    name: nameOf(variant),
    p50Ms: median(far),
    extraMs: median(extra),
    extraByPing: median(ratios(extra, ping.far)),
    roundTrips: median(ratios(differences(far, near), differences(ping.far, ping.near))),
  };
}
