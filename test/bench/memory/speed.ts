import { runRounds } from '../rounds.js';
import { median, ratios } from '../statistics.js';
import { type Column, decimal, markdownTable } from '../table.js';
import { HolderProcess, type Operation } from './holder-process.js';
import type { HolderKind } from './holders.js';

const KINDS: readonly HolderKind[] = ['Map', 'Map with expiry', 'MemoryBackend'];
const OPERATIONS: readonly Operation[] = ['get', 'update'];
const FEW = 1000;
/** So few that they stay in the processor's caches wherever they are in memory. */
const BUSY = 100;
const WARM_UP_ROUNDS = 3;

/** One operation of one holder: nanoseconds in each round. */
interface Speed {
  readonly kind: HolderKind;
  readonly operation: Operation;
  /** With few sessions. */
  readonly few: number[];
  /** With many sessions, of which few are in use. */
  readonly busy: number[];
  /** With many sessions, all in use. */
  readonly many: number[];
}

interface Limits {
  readonly sessions: number;
  readonly rounds: number;
  readonly signal: AbortSignal;
}

/** Measures how long operations take, in processes that are asked in turn, and prints it. */
export async function measureSpeed(limits: Limits): Promise<Speed[]> {
  const holders: HolderProcess[] = [];
  try {
    for (const kind of KINDS) {
      for (const sessions of [FEW, limits.sessions]) {
        console.error(`filling: ${kind}, ${sessions} sessions`);
        const settings = { kind, sessions, maxSessions: sessions };
        holders.push(await HolderProcess.start(settings, limits.signal));
      }
    }
    const speeds = await timeAll(holders, limits);
    console.log(`\n### time\n\n${markdownTable(columns(speeds, limits.sessions), speeds)}`);
    return speeds;
  } finally {
    await Promise.all(holders.map((holder) => holder.stop()));
  }
}

async function timeAll(
  holders: readonly HolderProcess[],
  { sessions, rounds, signal }: Limits,
): Promise<Speed[]> {
  const speeds = KINDS.flatMap((kind) =>
    OPERATIONS.map((operation): Speed => ({ kind, operation, few: [], busy: [], many: [] })),
  );
  const measurements = speeds.flatMap(({ kind, operation, few, busy, many }) => {
    const [small, large] = holders.filter(({ settings }) => settings.kind === kind);
    const timed = (holder: HolderProcess, used: number, series: number[]) => {
      return async (isKept: boolean) => {
        const nanos = await holder.time({ operation, busy: used });
        if (isKept) series.push(nanos);
      };
    };
    return [timed(small!, FEW, few), timed(large!, BUSY, busy), timed(large!, sessions, many)];
  });
  await runRounds(measurements, { warmUp: WARM_UP_ROUNDS, measured: rounds }, signal);
  return speeds;
}

function columns(speeds: readonly Speed[], sessions: number): Column<Speed>[] {
  const mapOf = ({ operation }: Speed) =>
    speeds.find((speed) => speed.kind === 'Map' && speed.operation === operation);
  return [
    ['kept in', ({ kind }) => kind],
    ['operation', ({ operation }) => operation],
    [`ns, ${FEW}`, ({ few }) => decimal(median(few), 0)],
    [`ns, ${BUSY} of ${sessions}`, ({ busy }) => decimal(median(busy), 0)],
    [`ns, ${sessions}`, ({ many }) => decimal(median(many), 0)],
    [`${BUSY} of ${sessions} × ${FEW}`, ({ few, busy }) => decimal(median(ratios(busy, few)), 2)],
    [`${sessions} × ${FEW}`, ({ few, many }) => decimal(median(ratios(many, few)), 2)],
    [`${sessions} × Map`, (it) => decimal(median(ratios(it.many, mapOf(it)?.many)), 2)],
  ];
}
