/** How long one look at the server's clock is relied upon: two clocks drift apart by some milliseconds in a minute at the most. */
const SYNC_MS = 30_000;

/**
 * The clock of a server as this process knows it, without asking for each use: counted on from the last look by the
 * monotonic clock, so that a step of this machine's time changes nothing. Never ahead of the server's by what a look took,
 * so that a deadline is never late.
 */
export class ServerClock {
  /** What to add to `performance.now()`. Until the first look this machine's time is all there is. */
  #offsetMs = Date.now() - performance.now();
  #syncedAtMs = -Infinity;
  #looking: Promise<void> | undefined;
  #isSure = false;

  /** @param ask gives the server's time, milliseconds since 1970 */
  constructor(private readonly ask: () => Promise<unknown>) {}

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
      const serverMs = Number(await this.ask());
      this.#syncedAtMs = performance.now();
      this.#offsetMs = serverMs - this.#syncedAtMs;
      this.#isSure = true;
    } finally {
      this.#looking = undefined;
    }
  }
}
