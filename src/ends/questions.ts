/** How many questions are under way at the most. */
const MAX_ASKED = 100;

/**
 * Asks about one thing after another, some at once. What is asked about again while it is asked is asked once more after that:
 * the answer may be of before.
 */
export class Questions<T> {
  readonly #waiting = new Set<T>();
  readonly #asked = new Set<T>();
  #isScheduled = false;

  /** @param ask never rejects */
  constructor(private readonly ask: (about: T) => Promise<void>) {}

  add(about: T): void {
    this.#waiting.add(about);
    this.#schedule();
  }

  drop(about: T): void {
    this.#waiting.delete(about);
  }

  /** In a turn of its own: what is to be asked may come in great numbers, and twice. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#askNext();
    });
  }

  #askNext(): void {
    for (const about of this.#waiting) {
      if (this.#asked.size >= MAX_ASKED) return;
      if (this.#asked.has(about)) continue;
      this.#waiting.delete(about);
      this.#asked.add(about);
      void this.ask(about).finally(() => {
        this.#asked.delete(about);
        if (this.#waiting.size > 0) this.#schedule();
      });
    }
  }
}
