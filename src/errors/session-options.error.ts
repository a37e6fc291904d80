import { acrossCopies } from './across-copies.js';

/** Options that can't work. Stops the application at start; the message names each option and what to write. */
export class SessionOptionsError extends Error {
  static {
    acrossCopies(this, 'SessionOptionsError');
  }

  override readonly name = 'SessionOptionsError';

  readonly #problems: readonly string[];

  constructor(problems: readonly string[], intro = "SessionModule can't start:") {
    super(`${intro}\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.#problems = problems;
  }

  /** Each by itself. Whoever prints the error prints them once, in its message. */
  get problems(): readonly string[] {
    return this.#problems;
  }
}
