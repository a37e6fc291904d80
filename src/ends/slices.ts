/** How long others wait for the event loop at the most, if no single piece of work takes longer. */
const SLICE_MS = 5;

/** Work that is done piece by piece, in order, so that much of it leaves time for the rest of the process. */
export class Slices {
  #waiting: (() => void)[] = [];
  #isScheduled = false;

  add(work: () => void): void {
    this.#waiting.push(work);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#runSlice();
    });
  }

  #runSlice(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const endsAt = performance.now() + SLICE_MS;
    let done = 0;
    try {
      while (done < waiting.length && performance.now() < endsAt) waiting[done++]!();
    } finally {
      if (done < waiting.length) {
        this.#waiting = [...waiting.slice(done), ...this.#waiting];
        this.#schedule();
      }
    }
  }
}
