import {
  type AtomicSessionBackend,
  EMPTY_MS,
  type Lifetime,
  type SessionRecord,
} from '../backends/session-backend.js';
import type { EndsListener, EndsNews, SessionEnds } from '../backends/session-ends.js';
import { expiresAtMs, FIELD, isEmptyRecord } from '../backends/session-record.js';
import type { SessionEndReason } from '../errors/session-ended.error.js';
import { DueTimes } from './due-times.js';
import type { EndWatcher } from './end-watcher.js';
import { Questions } from './questions.js';
import { Slices } from './slices.js';
import { type SessionWatcher, WatchedSession } from './watched-session.js';

/** How long a timer runs at the most: clocks are set, and a computer may have slept. */
const MAX_TIMER_MS = 60_000;
/** How long nothing is asked of a session whose record says no time, being of a later format. */
const TIMELESS_MS = 60_000;

/**
 * Knows of the sessions that are watched when they end, in whichever process. It listens to what the backend tells, and asks
 * for a session where nothing would be told: once it is watched, after each gap, and when it is about to expire. Where nobody
 * watches it does nothing.
 */
export class EndWatch implements EndWatcher, EndsListener {
  readonly #sessions = new Map<string, WatchedSession>();
  readonly #due = new DueTimes<WatchedSession>();
  readonly #questions = new Questions<WatchedSession>((session) => this.#ask(session));
  readonly #deliveries = new Slices();
  #stopListening: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerEndsAtMs = Infinity;
  #isClosed = false;

  constructor(
    private readonly backend: Pick<AtomicSessionBackend, 'get' | 'now'>,
    private readonly ends: SessionEnds,
    private readonly lifetime: Lifetime,
  ) {}

  /** How many sessions are watched. */
  get size(): number {
    return this.#sessions.size;
  }

  watch(id: string, watcher: SessionWatcher): () => void {
    if (this.#isClosed) return () => {};
    const session = this.#sessions.get(id) ?? new WatchedSession(id);
    this.#sessions.set(id, session);
    session.watchers.add(watcher);
    this.#stopListening ??= this.ends.listen(this);
    this.#questions.add(session);
    return () => {
      session.watchers.delete(watcher);
      this.#forgetUnwatched(session);
    };
  }

  tell(news: EndsNews): void {
    const session = this.#sessions.get(news.id);
    if (!session) return;
    if (news.kind === 'ended') this.#end(session, [...session.watchers], news.reason);
    else this.#questions.add(session);
  }

  missed(): void {
    for (const session of this.#sessions.values()) this.#questions.add(session);
  }

  close(): void {
    this.#isClosed = true;
    for (const session of this.#sessions.values()) {
      session.watchers.clear();
      this.#forgetUnwatched(session);
    }
  }

  get #nowMs(): number {
    return this.backend.now?.() ?? Date.now();
  }

  /** Never rejects: where the backend fails it is asked again later. */
  async #ask(session: WatchedSession): Promise<void> {
    // Whoever comes after this may have seen more than the answer does.
    const asking = [...session.watchers];
    const askedAt = performance.now();
    let record: SessionRecord | null;
    try {
      record = await this.backend.get(session.id);
    } catch {
      return this.#setDue(session, this.#nowMs + session.nextPauseMs());
    }
    session.answered();
    // A record was read between the two, and is taken for what it was at the earlier one.
    this.#judge(session, asking, record, this.#nowMs - Math.floor(performance.now() - askedAt));
  }

  #judge(
    session: WatchedSession,
    asking: SessionWatcher[],
    record: SessionRecord | null,
    nowMs: number,
  ): void {
    const endsAtMs = record ? expiresAtMs(record, this.lifetime) : session.endsAtMs;
    const isForeign = record?.[FIELD.version] !== undefined;
    if (!record || !(isForeign || endsAtMs > nowMs)) {
      return this.#end(session, asking, endsAtMs <= nowMs ? 'expired' : 'unknown');
    }
    session.endsAtMs = isEmptyRecord(record) ? Math.min(endsAtMs, nowMs + EMPTY_MS) : endsAtMs;
    const isTimeless = Number.isNaN(endsAtMs);
    this.#setDue(session, isTimeless ? nowMs + TIMELESS_MS : session.endsAtMs);
    if (isForeign) return;
    const replaced = asking.filter((watcher) => !watcher.accepts(record));
    this.#end(session, replaced, 'replaced');
  }

  #end(session: WatchedSession, watchers: SessionWatcher[], reason: SessionEndReason): void {
    const told = watchers.filter((watcher) => session.watchers.delete(watcher));
    for (const watcher of told) this.#deliveries.add(() => watcher.ended(reason));
    this.#forgetUnwatched(session);
  }

  #forgetUnwatched(session: WatchedSession): void {
    if (session.watchers.size > 0 || this.#sessions.get(session.id) !== session) return;
    this.#sessions.delete(session.id);
    this.#due.remove(session);
    this.#questions.drop(session);
    if (this.#sessions.size > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#setTimer(Infinity);
  }

  #setDue(session: WatchedSession, dueAtMs: number): void {
    if (this.#sessions.get(session.id) !== session) return;
    this.#due.set(session, dueAtMs);
    if (dueAtMs < this.#timerEndsAtMs) this.#setTimer(dueAtMs);
  }

  /** One for all sessions. */
  #setTimer(endsAtMs: number): void {
    clearTimeout(this.#timer);
    this.#timerEndsAtMs = endsAtMs;
    if (endsAtMs === Infinity) return;
    const delayMs = Math.min(Math.max(endsAtMs - this.#nowMs, 1), MAX_TIMER_MS);
    this.#timer = setTimeout(() => this.#askDue(), delayMs).unref();
  }

  #askDue(): void {
    const nowMs = this.#nowMs;
    for (;;) {
      const session = this.#due.earliest;
      if (!session || session.dueAtMs > nowMs) break;
      this.#due.remove(session);
      this.#questions.add(session);
    }
    this.#setTimer(this.#due.earliest?.dueAtMs ?? Infinity);
  }
}
