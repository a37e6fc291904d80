/** How long one look at the server's clock is relied upon: two clocks drift apart by some milliseconds in a minute at the most. */
const SYNC_MS = 30_000;

/** By how much of the time that passes two clocks drift apart at the most. */
const DRIFT = 1e-4;

/**
 * The clock of a server as this process knows it, without asking for each use: counted on from the last look by the
 * monotonic clock, so that a step of this machine's time changes nothing. It is behind the server's
 * by what the quickest look took, and never ahead, so that a deadline is never late.
 */
export class ServerClock {
  /** What to add to `performance.now()`. Until the first look this machine's time is all there is. */
  #offsetMs = Date.now() - performance.now();
  #syncedAtMs = -Infinity;
  #looking: Promise<void> | undefined;
  #isSure = false;

  /** @param ask gives the server's time, milliseconds since 1970 */
  constructor(private readonly ask: () => Promise<number>) {}

  now(): number {
    return Math.floor(performance.now() + this.#offsetMs);
  }

  /** Looks again where the last look is old; a promise where the time is not known before that. */
  sync(): Promise<void> | undefined {
    if (performance.now() - this.#syncedAtMs < SYNC_MS) return undefined;
    const looking = (this.#looking ??= this.#look());
    if (!this.#isSure) return looking;
    looking.catch(() => {});
    return undefined;
  }

  /** The server's clock seems to be another one: it was exchanged, or set. */
  doubt(): void {
    this.#isSure = false;
    this.#syncedAtMs = -Infinity;
  }

  async #look(): Promise<void> {
    try {
      const askedAtMs = performance.now();
      const serverMs = await this.ask();
      const answeredAtMs = performance.now();
      // The server looked at some time between the two: an answer that was held up says less than what is known.
      const [least, most] = [serverMs - answeredAtMs, serverMs + 1 - askedAtMs];
      const known = this.#isSure
        ? this.#offsetMs - (answeredAtMs - this.#syncedAtMs) * DRIFT
        : -Infinity;
      this.#offsetMs = known > least && known <= most ? known : least;
      this.#syncedAtMs = answeredAtMs;
      this.#isSure = true;
    } finally {
      this.#looking = undefined;
    }
  }
}
