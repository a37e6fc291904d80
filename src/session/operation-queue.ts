/** Runs operations one after another, in the order in which they were asked for. */
export class OperationQueue {
  #last: Promise<void> | undefined;

  /** Whether an operation is under way or waiting. */
  get isBusy(): boolean {
    return this.#last !== undefined;
  }

  /** Starts at once where nothing is under way. A failed operation stops no later one. */
  run<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#last ? this.#last.then(operation) : operation();
    const settle = () => {
      if (this.#last === settled) this.#last = undefined;
    };
    const settled: Promise<void> = result.then(settle, settle);
    this.#last = settled;
    return result;
  }
}
