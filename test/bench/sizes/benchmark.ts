import type { BenchContext } from '../benchmark.js';
import { COST_COLUMNS, COST_LEGEND } from '../cost-columns.js';
import { runRounds } from '../rounds.js';
import { newSizedContents, type Shape } from '../sized-contents.js';
import { samplesOf, withSubjects } from '../subjects.js';
import { summarize } from '../summary.js';
import { markdownTable } from '../table.js';
import { matching, type Platform, type Variant, variantsOf } from '../variants.js';

const VISITORS = 8;
const WARM_UP_ROUNDS = 2;
const SHAPES: readonly Shape[] = [
  { fields: 1, kilobytes: 1 },
  { fields: 10, kilobytes: 10 },
  { fields: 100, kilobytes: 100 },
  { fields: 1, kilobytes: 100 },
  { fields: 100, kilobytes: 1 },
];

const LEGEND = [
  COST_LEGEND,
  'A request reads, or changes, a number inside one field; all fields of a session are of the same length.',
].join('\n');

/** What a request costs with sessions of different sizes. Each size is a run of its own, with new servers. */
export async function measureSizes(context: BenchContext): Promise<unknown> {
  const { platforms = ['fastify'] } = context.options;
  const results: object[] = [];
  for (const shape of SHAPES) {
    for (const platform of platforms)
      results.push(...(await measureShape(context, platform, shape)));
  }
  console.log(`\n${LEGEND}`);
  return results;
}

function measureShape(context: BenchContext, platform: Platform, shape: Shape): Promise<object[]> {
  const { rounds = 6, requests = 1200, only } = context.options;
  const variants = matching(variantsOf(platform).filter(isCompared), only);
  const shaped = variants.map((variant) => ({ ...variant, shape }));
  const title = `${platform}, ${describe(shape)}`;
  console.error(title);
  return withSubjects(context, { variants: shaped, visitors: VISITORS }, async (subjects) => {
    const measurements = subjects.map((subject) => subject.measurement(requests));
    await runRounds(measurements, { warmUp: WARM_UP_ROUNDS, measured: rounds }, context.signal);
    console.log(`\n### ${title}\n\n${markdownTable(COST_COLUMNS, summarize(subjects))}`);
    return subjects.map(samplesOf);
  });
}

function describe(shape: Shape): string {
  const { length } = JSON.stringify(newSizedContents(shape));
  const fields = shape.fields === 1 ? '1 field' : `${shape.fields} fields`;
  return `${fields}, ${shape.kilobytes} KB (${length} bytes of JSON)`;
}

function isCompared({ kind, route }: Variant): boolean {
  return kind !== 'lazy' && kind !== 'current' && route !== 'unused';
}
