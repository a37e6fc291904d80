import { writeFile } from 'node:fs/promises';
import type { BenchContext } from '../benchmark.js';
import { barPicture } from '../picture.js';
import { runRounds } from '../rounds.js';
import { median, quantile } from '../statistics.js';
import { type Column, decimal, markdownTable } from '../table.js';
import { matching, nameOf, PLATFORMS, type Variant, variantsOf } from '../variants.js';
import { BURST } from './fields.js';
import { type BurstSample, HotSession } from './hot-session.js';

const WARM_UP_ROUNDS = 3;

interface Result {
  readonly name: string;
  readonly wallMs: readonly number[];
  readonly cpuMicros: number;
  readonly fieldsKept: readonly number[];
}

const COLUMNS: readonly Column<Result>[] = [
  ['variant', ({ name }) => name],
  ['burst ms', ({ wallMs }) => decimal(median(wallMs), 1)],
  [
    'quartiles',
    ({ wallMs }) => [0.25, 0.75].map((q) => decimal(quantile(wallMs, q), 1)).join(' … '),
  ],
  ['requests/s', ({ wallMs }) => decimal((1000 * BURST) / median(wallMs), 0)],
  ['CPU µs/request', ({ cpuMicros }) => decimal(cpuMicros, 1)],
  [`fields kept of ${BURST}`, ({ fieldsKept }) => decimal(median(fieldsKept), 0)],
  ['least … most', ({ fieldsKept }) => `${Math.min(...fieldsKept)} … ${Math.max(...fieldsKept)}`],
];

const LEGEND = [
  `A burst: ${BURST} requests at once on one new session, on as many keep-alive connections, each writing a field of its own.`,
  'Medians over the bursts. Fields kept: how many of the fields the session has afterwards.',
].join('\n');

/** What parallel requests on one session cost, and which of their writes are lost. */
export async function measureHotSession(context: BenchContext): Promise<unknown> {
  const { rounds = 10, platforms = PLATFORMS, only } = context.options;
  const variants = matching(platforms.flatMap(variantsOf).filter(isCompared), only);
  console.log(`${variants.length} variants, ${WARM_UP_ROUNDS} + ${rounds} rounds`);
  const sessions: HotSession[] = [];
  try {
    for (const variant of variants) {
      sessions.push(await HotSession.start(variant, context.redis.url));
    }
    const measurements = sessions.map((session) => session.measurement());
    await runRounds(measurements, { warmUp: WARM_UP_ROUNDS, measured: rounds }, context.signal);
    console.log(`\n${markdownTable(COLUMNS, sessions.map(resultOf))}\n\n${LEGEND}`);
    if (context.options.svg) await writeFile(context.options.svg, pictureOf(sessions));
    return sessions.map(({ variant, samples }) => ({ ...variant, samples }));
  } finally {
    await Promise.all(sessions.map((session) => session.stop()));
  }
}

function isCompared({ kind, route }: Variant): boolean {
  return (kind === 'eager' || kind === 'peer') && route === 'write';
}

function resultOf({ variant, samples }: HotSession): Result {
  const all = (figure: keyof BurstSample) => samples.map((sample) => sample[figure]);
  return {
    name: nameOf(variant),
    wallMs: all('wallMs'),
    cpuMicros: median(all('cpuMicrosPerRequest')),
    fieldsKept: all('fieldsKept'),
  };
}

function pictureOf(sessions: readonly HotSession[]): string {
  const bars = sessions.map(({ variant, samples }) => {
    const isOurs = variant.kind === 'eager';
    const name = isOurs ? `nestjs-server-session, ${variant.platform}` : nameOfPeer(variant);
    return { name, value: median(samples.map((sample) => sample.fieldsKept)), isOurs };
  });
  bars.sort((a, b) => b.value - a.value);
  return barPicture({
    title: `${BURST} requests at once each set a field of one session: how many are kept`,
    description: bars.map(({ name, value }) => `${name}: ${value} of ${BURST}.`).join(' '),
    bars,
    most: BURST,
  });
}

function nameOfPeer({ label }: Variant): string {
  return label.replace(', writes', '');
}
