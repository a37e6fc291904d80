import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How long a busy machine kept this process from running: that is not what is measured. */
export class Stalls {
  readonly #delays = monitorEventLoopDelay({ resolution: 5 });

  constructor() {
    this.#delays.enable();
  }

  /** The longest so far; ends the watch. */
  longestMs(): number {
    this.#delays.disable();
    return this.#delays.max / 1e6;
  }
}
