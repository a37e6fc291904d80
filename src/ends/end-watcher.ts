import type { SessionWatcher } from './watched-session.js';

/** What knows of the sessions that are watched when they end. */
export interface EndWatcher {
  /**
   * Tells somebody of a session's end, until the function that it gives is called.
   * @param session what says when that is, where nobody can be asked
   */
  watch(
    id: string,
    watcher: SessionWatcher,
    session?: { readonly expiresAtMs?: number | undefined },
  ): () => void;
  /** Tells nobody of anything any more. */
  close(): void;
}
