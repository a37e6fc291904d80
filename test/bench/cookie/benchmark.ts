import type { BenchContext } from '../benchmark.js';
import { runRounds } from '../rounds.js';
import { differences, median, quantile, ratios } from '../statistics.js';
import type { Subject } from '../subject.js';
import { samplesOf, withSubjects } from '../subjects.js';
import { type Column, decimal, markdownTable } from '../table.js';
import { matching, PLATFORMS } from '../variants.js';
import { cookieVariants } from './variants.js';

const WARM_UP_ROUNDS = 3;

/** One line of the result: medians over the rounds. NaN where there is nothing to compare with. */
interface Line {
  readonly label: string;
  readonly cpu: readonly number[];
  /** CPU time above that of a server without sessions. */
  readonly overhead: readonly number[];
  /** By iron-session's for the same: reading or writing. */
  readonly cpuByIron: number;
  readonly overheadByIron: number;
}

const COLUMNS: readonly Column<Line>[] = [
  ['variant', ({ label }) => label],
  ['CPU µs/request', ({ cpu }) => decimal(median(cpu), 1)],
  ['quartiles', ({ cpu }) => [0.25, 0.75].map((q) => decimal(quantile(cpu, q), 1)).join(' … ')],
  ['overhead µs', ({ overhead }) => decimal(median(overhead), 1)],
  ['CPU × iron', ({ cpuByIron }) => decimal(cpuByIron, 2)],
  ['overhead × iron', ({ overheadByIron }) => decimal(overheadByIron, 2)],
];

const LEGEND = [
  'Medians over the rounds. CPU: user and system time of the server process, by requests answered.',
  'Overhead: above "no session". × iron: by iron-session’s for the same, reading or writing, round by round.',
].join('\n');

/** What a request costs whose session is in its cookie. */
export async function measureCookies(context: BenchContext): Promise<unknown> {
  const {
    rounds = 12,
    requests = 4000,
    clients = 32,
    platforms = PLATFORMS,
    only,
  } = context.options;
  const variants = matching(platforms.flatMap(cookieVariants), only);
  return withSubjects(context, { variants, visitors: clients }, async (subjects) => {
    const measurements = subjects.map((subject) => subject.measurement(requests));
    await runRounds(measurements, { warmUp: WARM_UP_ROUNDS, measured: rounds }, context.signal);
    for (const platform of platforms) {
      const own = subjects.filter(({ variant }) => variant.platform === platform);
      if (own.length === 0) continue;
      console.log(`\n### ${platform}\n\n${markdownTable(COLUMNS, linesOf(own))}`);
    }
    console.log(`\n${LEGEND}`);
    return subjects.map(samplesOf);
  });
}

function linesOf(subjects: readonly Subject[]): Line[] {
  const cpuOf = (subject: Subject | undefined) =>
    subject?.samples.map(({ cpuMicrosPerRequest }) => cpuMicrosPerRequest) ?? [];
  const bare = cpuOf(subjects.find(({ variant }) => variant.kind === 'none'));
  return subjects.map((subject) => {
    const { label, route } = subject.variant;
    const iron = cpuOf(
      subjects.find(({ variant }) => variant.kind === 'iron' && variant.route === route),
    );
    const cpu = cpuOf(subject);
    const overhead = differences(cpu, bare);
    return {
      label,
      cpu,
      overhead,
      cpuByIron: median(ratios(cpu, iron)),
      overheadByIron: median(ratios(overhead, differences(iron, bare))),
    };
  });
}
