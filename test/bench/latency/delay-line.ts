/**
 * Does things in the order in which they were given, each a while after it was given. Timers of Node have steps of a
 * millisecond, so it asks for the time in every turn of the event loop while something waits.
 */
export class DelayLine {
  delayMs = 0;
  readonly #waiting: { dueAtMs: number; run: () => void }[] = [];

  later(run: () => void): void {
    const count = this.#waiting.push({ dueAtMs: performance.now() + this.delayMs, run });
    if (count === 1) setImmediate(() => this.#runDue());
  }

  #runDue(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      if (next.dueAtMs > performance.now()) {
        setImmediate(() => this.#runDue());
        return;
      }
      next.run();
      this.#waiting.shift();
    }
  }
}
