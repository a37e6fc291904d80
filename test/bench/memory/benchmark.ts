import type { BenchContext } from '../benchmark.js';
import { measureHeap } from './heap.js';
import { measureSpeed } from './speed.js';

const LEGEND = [
  'Heap: heap and external memory after a garbage collection, above that before the first session, in a process for each',
  'line; ids and records included. Map: id → record, no expiry, no bound. Map with expiry: id → { record, expiresAtMs }.',
  'One session with the default maxSessions shows what is set aside for all of them.',
  'Time: what one awaited operation takes, in batches on random sessions, with ids that are new strings; a process for',
  'each number of sessions. "100 of N": N sessions, of which 100 are in use, far from one another: what the number of',
  'sessions costs by itself. With all of N in use hardly any is in the caches of the processor, whatever keeps them:',
  '× Map compares that. Medians over the rounds; ratios are taken in each round.',
].join('\n');

/** What `MemoryBackend` takes, in memory and time, beside a plain `Map`. */
export async function measureMemory({ options, signal }: BenchContext): Promise<unknown> {
  const { sessions = 1_000_000, rounds = 12 } = options;
  console.log(`${sessions} sessions, ${rounds} rounds`);
  const heap = await measureHeap(sessions, signal);
  const speed = await measureSpeed({ sessions, rounds, signal });
  console.log(`\n${LEGEND}`);
  return { heap, speed };
}
