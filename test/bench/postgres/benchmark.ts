import type { BenchContext } from '../benchmark.js';
import { COST_COLUMNS, COST_LEGEND } from '../cost-columns.js';
import { runRounds } from '../rounds.js';
import { samplesOf, withSubjects } from '../subjects.js';
import { type Summary, summarize } from '../summary.js';
import { type Column, decimal, markdownTable } from '../table.js';
import {
  type Kind,
  matching,
  type Platform,
  PLATFORMS,
  type Route,
  type Variant,
} from '../variants.js';
import { statementsRun, withPostgres } from './server.js';

const WARM_UP_ROUNDS = 3;

const COLUMNS: readonly Column<Summary>[] = [
  ...COST_COLUMNS,
  ['p50 ms', ({ p50Ms }) => decimal(p50Ms, 2)],
  ['p99 ms', ({ p99Ms }) => decimal(p99Ms, 2)],
  ['statements', ({ commandsSent }) => decimal(commandsSent, 2)],
];

const LEGEND = [
  COST_LEGEND,
  'Floor: one prepared SELECT by the primary key. Statements: by pg_stat_statements, on 400 requests. Every pool has ten',
  'connections, fsync is on. Requests/s and latency share the machine with the load and PostgreSQL.',
].join('\n');

/** What a request costs whose session is in PostgreSQL. */
export async function measurePostgres(context: BenchContext): Promise<unknown> {
  const {
    rounds = 12,
    requests = 4000,
    clients = 32,
    platforms = PLATFORMS,
    only,
  } = context.options;
  const variants = matching(platforms.flatMap(variantsOf), only);
  return withPostgres(({ url }, pool) =>
    withSubjects(context, { variants, visitors: clients, url }, async (subjects) => {
      const measurements = subjects.map((subject) => subject.measurement(requests));
      await runRounds(measurements, { warmUp: WARM_UP_ROUNDS, measured: rounds }, context.signal);
      for (const subject of subjects) {
        await subject.countCommandsSent((work) => statementsRun(pool, work));
      }
      for (const platform of platforms) {
        const own = summarize(subjects.filter(({ variant }) => variant.platform === platform));
        if (own.length > 0) console.log(`\n### ${platform}\n\n${markdownTable(COLUMNS, own)}`);
      }
      console.log(`\n${LEGEND}`);
      return subjects.map(samplesOf);
    }),
  );
}

function variantsOf(platform: Platform): Variant[] {
  const variant = (label: string, kind: Kind, route: Route): Variant => ({
    platform,
    kind,
    label,
    route,
    sendsCookie: true,
  });
  const peer = `${platform === 'express' ? 'express-session' : '@fastify/session'} + connect-pg-simple`;
  return [
    variant('no session', 'none', 'read'),
    variant('floor: SELECT + JSON.parse', 'floor', 'read'),
    variant('PostgresBackend, reads', 'eager', 'read'),
    variant('PostgresBackend, writes', 'eager', 'write'),
    variant(`${peer}, reads`, 'peer', 'read'),
    variant(`${peer}, writes`, 'peer', 'write'),
  ];
}
