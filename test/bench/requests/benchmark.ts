import type { BenchContext } from '../benchmark.js';
import { COST_COLUMNS, COST_LEGEND } from '../cost-columns.js';
import { runRounds } from '../rounds.js';
import type { Subject } from '../subject.js';
import { samplesOf, withSubjects } from '../subjects.js';
import { type Summary, summarize } from '../summary.js';
import { type Column, decimal, markdownTable } from '../table.js';
import { matching, PLATFORMS, variantsOf } from '../variants.js';

const WARM_UP_ROUNDS = 3;

const COLUMNS: readonly Column<Summary>[] = [
  ...COST_COLUMNS,
  ['p50 ms', ({ p50Ms }) => decimal(p50Ms, 2)],
  ['p99 ms', ({ p99Ms }) => decimal(p99Ms, 2)],
  ['Redis sent', ({ commandsSent }) => decimal(commandsSent, 2)],
  ['Redis run', ({ commandsRun }) => decimal(commandsRun, 2)],
];

const LEGEND = [
  COST_LEGEND,
  'Redis sent: commands that the server sent for a request, a script counting once. Redis run: what Redis ran, with the',
  'commands that scripts call. Requests/s and latency share the machine with the load and Redis.',
].join('\n');

/** What a request costs: CPU time and Redis commands. */
export async function measureRequests(context: BenchContext): Promise<unknown> {
  const {
    rounds = 12,
    requests = 4000,
    clients = 32,
    platforms = PLATFORMS,
    only,
  } = context.options;
  const variants = matching(platforms.flatMap(variantsOf), only);
  console.log(
    `${variants.length} variants, ${WARM_UP_ROUNDS} + ${rounds} rounds of ${requests} requests from ${clients} clients each`,
  );
  return withSubjects(context, { variants, visitors: clients }, async (subjects) => {
    const measurements = subjects.map((subject) => subject.measurement(requests));
    await runRounds(measurements, { warmUp: WARM_UP_ROUNDS, measured: rounds }, context.signal);
    for (const subject of subjects) await subject.countCommandsSent();
    report(subjects);
    return subjects.map(samplesOf);
  });
}

function report(subjects: readonly Subject[]): void {
  for (const platform of PLATFORMS) {
    const summaries = summarize(subjects.filter(({ variant }) => variant.platform === platform));
    if (summaries.length === 0) continue;
    console.log(`\n### ${platform}\n\n${markdownTable(COLUMNS, summaries)}`);
  }
  console.log(`\n${LEGEND}`);
}
