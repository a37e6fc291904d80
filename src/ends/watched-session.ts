import type { SessionRecord } from '../backends/session-backend.js';
import type { SessionEndReason } from '../errors/session-ended.error.js';
import type { Due } from './due-times.js';

/** Whoever watches a session. */
export interface SessionWatcher {
  /** Whether a record of the session's id is what is watched, and not a later generation of it. */
  accepts(record: SessionRecord): boolean;
  /** Called once at the most. */
  ended(reason: SessionEndReason): void;
}

/** Between two questions to a backend that fails. It doubles. */
const PAUSE_MS = 250;
const MAX_PAUSE_MS = 5000;

/** One session, and all who watch it. */
export class WatchedSession implements Due {
  readonly watchers = new Set<SessionWatcher>();
  dueAtMs = Infinity;
  place = -1;
  /** When it ends, as far as is known. */
  endsAtMs = Infinity;
  #pauseMs = 0;

  constructor(readonly id: string) {}

  /** How long to wait after another failure. */
  nextPauseMs(): number {
    this.#pauseMs = Math.min(2 * this.#pauseMs || PAUSE_MS, MAX_PAUSE_MS);
    return this.#pauseMs;
  }

  answered(): void {
    this.#pauseMs = 0;
  }
}
