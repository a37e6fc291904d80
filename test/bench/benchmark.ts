import type { RedisServer } from '../support/redis-server.js';
import type { BenchOptions } from './options.js';

/** What a benchmark works with. */
export interface BenchContext {
  readonly options: BenchOptions;
  /** A server of its own, empty. */
  readonly redis: RedisServer;
  /** Aborted when the benchmark has to stop. */
  readonly signal: AbortSignal;
}

/** Prints its tables, and gives what is written for `--json`. */
export type Benchmark = (context: BenchContext) => Promise<unknown>;
