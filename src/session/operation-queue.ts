/** Runs operations one after another, in the order in which they were asked for. */
export class OperationQueue {
  #last: Promise<void> | undefined;
  #refusal: { readonly error: unknown } | undefined;
  /** Whether an operation failed, or each one would. */
  hasFailed = false;

  /** Whether an operation is under way or waiting. */
  get isBusy(): boolean {
    return this.#last !== undefined;
  }

  /** From here on operations fail with an error, those too that are waiting. */
  close(error: unknown): void {
    this.#refusal = { error };
    this.hasFailed = true;
  }

  /** Starts at once where nothing is under way. A failed operation stops no later one. */
  run<T>(operation: () => Promise<T>): Promise<T> {
    const start = (): Promise<T> =>
      this.#refusal ? Promise.reject(this.#refusal.error) : operation();
    const result = this.#last ? this.#last.then(start) : start();
    const settle = () => {
      if (this.#last === settled) this.#last = undefined;
    };
    const settled: Promise<void> = result.then(settle, () => {
      this.hasFailed = true;
      settle();
    });
    this.#last = settled;
    return result;
  }
}
