/** What a subscription of GraphQL gives. */
type Values = AsyncIterator<unknown> & AsyncIterable<unknown>;
type Result = IteratorResult<unknown>;

const OVER: Result = { done: true, value: undefined };

export function isIterator(value: unknown): value is Values {
  const { next } = Object(value) as Partial<Values>;
  return typeof next === 'function' && Symbol.asyncIterator in Object(value);
}

/** The values of an iterator, which end when a signal is aborted, also while somebody waits for the next. */
export class UntilAborted implements AsyncIterableIterator<unknown> {
  readonly #waiting = new Set<(result: Result) => void>();
  readonly #abort = (): void => {
    this.#isOver = true;
    for (const resolve of this.#waiting) resolve(OVER);
    this.#waiting.clear();
    // A generator that waits for something ends when it goes on, which nobody waits for.
    this.values.return?.().catch(() => {});
  };
  #isOver = false;

  constructor(
    private readonly values: Values,
    private readonly signal: AbortSignal,
  ) {
    if (signal.aborted) this.#abort();
    else signal.addEventListener('abort', this.#abort, { once: true });
  }

  next(): Promise<Result> {
    if (this.#isOver) return Promise.resolve(OVER);
    return new Promise((resolve, reject) => {
      this.#waiting.add(resolve);
      this.values
        .next()
        .then((result) => {
          if (result.done) this.#stop();
          resolve(result);
        }, reject)
        .finally(() => this.#waiting.delete(resolve));
    });
  }

  async return(value?: unknown): Promise<Result> {
    this.#stop();
    return (await this.values.return?.(value)) ?? OVER;
  }

  async throw(error?: unknown): Promise<Result> {
    this.#stop();
    if (!this.values.throw) throw error;
    return this.values.throw(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #stop(): void {
    this.signal.removeEventListener('abort', this.#abort);
  }
}
