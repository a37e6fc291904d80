import { shuffled } from './statistics.js';
import type { Subject } from './subject.js';

/** Rounds whose samples are dropped, while servers compile what is hot. */
export const WARM_UP_ROUNDS = 3;

/**
 * Measures all variants in each round, in a new order each time, so that whatever disturbs the machine for a while
 * disturbs all of them.
 */
export async function runRounds(
  subjects: readonly Subject[],
  rounds: number,
  requests: number,
  signal: AbortSignal,
): Promise<void> {
  const total = WARM_UP_ROUNDS + rounds;
  const startedAtMs = performance.now();
  for (let round = 1; round <= total; round++) {
    const isWarmUp = round <= WARM_UP_ROUNDS;
    for (const subject of shuffled(subjects)) {
      signal.throwIfAborted();
      const sample = await subject.measure(requests);
      if (!isWarmUp) subject.samples.push(sample);
    }
    const elapsedMs = performance.now() - startedAtMs;
    const leftMs = (elapsedMs / round) * (total - round);
    const note = isWarmUp ? ' (warm-up)' : '';
    console.error(`round ${round} of ${total}${note}: about ${clock(leftMs)} left`);
  }
}

function clock(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
