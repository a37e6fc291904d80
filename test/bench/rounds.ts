import { shuffled } from './statistics.js';

export interface Rounds {
  /** Rounds whose samples are dropped, while servers compile what is hot. */
  readonly warmUp: number;
  readonly measured: number;
}

/** Measures one variant once; the sample is kept where the round is no warm-up. */
export type Measurement = (isKept: boolean) => Promise<void>;

/**
 * Measures all variants in each round, in a new order each time, so that whatever disturbs the machine for a while
 * disturbs all of them.
 */
export async function runRounds(
  measurements: readonly Measurement[],
  { warmUp, measured }: Rounds,
  signal: AbortSignal,
): Promise<void> {
  const total = warmUp + measured;
  const startedAtMs = performance.now();
  for (let round = 1; round <= total; round++) {
    const isKept = round > warmUp;
    for (const measure of shuffled(measurements)) {
      signal.throwIfAborted();
      await measure(isKept);
    }
    const elapsedMs = performance.now() - startedAtMs;
    const leftMs = (elapsedMs / round) * (total - round);
    const note = isKept ? '' : ' (warm-up)';
    console.error(`round ${round} of ${total}${note}: about ${clock(leftMs)} left`);
  }
}

function clock(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
