import type { EndWatcher } from '../ends/end-watcher.js';
import type { SessionWatcher } from '../ends/watched-session.js';
import { noServer } from './no-server.js';

/** How long a timer runs at the most: clocks are set, and a computer may have slept. */
const MAX_TIMER_MS = 60_000;

/** Knows when the sessions that are watched expire by their own times. Of other ends nobody could tell. */
export class ExpiryWatch implements EndWatcher {
  readonly #timers = new Map<SessionWatcher, NodeJS.Timeout>();

  /** @throws Error where the session is known by its id alone */
  watch(
    _id: string,
    watcher: SessionWatcher,
    session?: { readonly expiresAtMs?: number | undefined },
  ): () => void {
    if (!session) throw noServer();
    this.#setTimer(watcher, session);
    return () => {
      clearTimeout(this.#timers.get(watcher));
      this.#timers.delete(watcher);
    };
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  /** A use moves the end, so it is asked for again then. */
  #setTimer(watcher: SessionWatcher, session: { readonly expiresAtMs?: number | undefined }): void {
    const leftMs = (session.expiresAtMs ?? Infinity) - Date.now();
    const delayMs = Math.min(Math.max(leftMs, 1), MAX_TIMER_MS);
    const timer = setTimeout(() => {
      if ((session.expiresAtMs ?? Infinity) > Date.now()) return this.#setTimer(watcher, session);
      this.#timers.delete(watcher);
      watcher.ended('expired');
    }, delayMs);
    this.#timers.set(watcher, timer.unref());
  }
}
