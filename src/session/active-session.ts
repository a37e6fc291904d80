import { setTimeout as sleep } from 'node:timers/promises';
import { SessionGoneError } from '../errors/session-gone.error.js';
import { OperationQueue } from './operation-queue.js';
import type { SessionClock } from './session-clock.js';
import type { SessionFields } from './session-fields.js';
import type { SessionRuntime } from './session-runtime.js';
import { SessionState, type TokenNotice } from './session-state.js';
import { endSession, SessionWriter } from './session-writer.js';
import { type LiveRecord, readRecord } from './stored-session.js';
import { Identity } from './token.js';
import { UnavailableFields } from './unavailable-fields.js';

/**
 * How long a session that was found counts as alive without being asked for again. A cookie for a session that has been
 * signed out or rotated away since then would take its successor's place in the browser.
 */
const FRESH_MS = 100;

/** One session in use by one request, and the operations on it. These run one after another. */
export class ActiveSession {
  /** Whether anybody looked at the session or changed it. */
  isUsed = false;
  readonly #state: SessionState;
  /** A rotation that was asked for and has not taken place yet. */
  #owedRotation: { keep?: readonly string[]; to: Identity } | undefined;
  /** The id of a session that was destroyed here and may still be in the backend. */
  #doomed: string | undefined;
  readonly #queue = new OperationQueue();
  readonly #loadedAtMs = Date.now();

  private constructor(
    private readonly runtime: SessionRuntime,
    found: LiveRecord | null,
    identity: Identity,
  ) {
    this.#state = new SessionState(runtime, found, identity);
  }

  /** The session of the first token that has one in the backend; an empty new one where none has. */
  static async load(runtime: SessionRuntime, tokens: readonly string[]): Promise<ActiveSession> {
    for (const token of tokens) {
      const identity = new Identity(token);
      const found = await readRecord(runtime, identity.id);
      if (found) return new ActiveSession(runtime, found, identity);
    }
    return ActiveSession.create(runtime);
  }

  /** A session that does not exist yet. */
  static create(runtime: SessionRuntime): ActiveSession {
    return new ActiveSession(runtime, null, new Identity());
  }

  /** Stands for a session that the backend could not give: whoever writes to it gets the backend's error. */
  static unavailable(runtime: SessionRuntime, error: Error): ActiveSession {
    const session = ActiveSession.create(runtime);
    session.#state.markGone();
    session.#state.fields = new UnavailableFields(runtime.codec, error);
    session.#queue.close(error);
    return session;
  }

  get fields(): SessionFields {
    return this.#state.fields;
  }

  get clock(): SessionClock {
    return this.#state.clock;
  }

  /** Whether the backend failed in an operation, or to give the session at all. */
  get hasFailed(): boolean {
    return this.#queue.hasFailed;
  }

  get isNew(): boolean {
    return this.#state.isNew;
  }

  /** `undefined` where a renewal gave the session a token that this request was not told. */
  get token(): string | undefined {
    return this.#state.writer.identity.token;
  }

  get id(): string {
    return this.#state.writer.identity.id;
  }

  get notice(): TokenNotice {
    return this.#state.notice;
  }

  /** What the client has to be told, which then has been told. */
  takeNotice(): TokenNotice {
    const { notice } = this.#state;
    this.#state.notice = 'none';
    return notice;
  }

  /**
   * Stores what has changed; `undefined` where nothing has. A session that somebody else ended stays ended.
   * @param canTell whether the client can still be told of a new token or a longer life
   * @throws SessionValueError, SessionBackendError
   */
  commit(canTell: boolean): Promise<void> | undefined {
    if (this.#queue.isBusy || this.#doomed || this.#owedRotation) {
      return this.#queue.run(() => this.#commit(canTell));
    }
    const { status, clock, fields } = this.#state;
    if (status === 'gone') return undefined;
    const change = fields.change();
    const isClockDue = () => clock.mustStore || (canTell && this.#state.isRenewDue);
    if (!change && !(status === 'stored' && isClockDue())) return undefined;
    return this.#queue.run(() => this.#state.store(change, canTell));
  }

  /**
   * Writes a use that is due and that nothing else writes, while the response goes on: it neither delays it nor makes it
   * fail. Where the session was found long ago, the cookie's longer life has to be confirmed, for which this waits a
   * little.
   */
  touchInPassing(): Promise<void> | undefined {
    const state = this.#state;
    if (state.status !== 'stored' || !state.clock.isTouchDue) return undefined;
    const use = state.clock.used();
    const isFresh = use.seenAtMs - this.#loadedAtMs < FRESH_MS;
    if (isFresh) state.noteUse(use, 'extend');
    const touch = this.#queue.run(() => state.touch(use)).catch(() => {});
    return isFresh ? undefined : Promise.race([touch, sleep(FRESH_MS, undefined, { ref: false })]);
  }

  /** As `commit`, for the user. @throws SessionGoneError */
  save(): Promise<void> {
    return this.#queue.run(async () => {
      await this.#commit(false);
      if (this.#state.status === 'gone') throw new SessionGoneError(this.id);
    });
  }

  /** Reads again what is stored, dropping unsaved changes. */
  reload(): Promise<void> {
    return this.#queue.run(async () => {
      const { status, writer } = this.#state;
      const found = status === 'new' ? null : await readRecord(this.runtime, this.id);
      this.#become(found, writer.identity);
    });
  }

  /** Moves to a new token; see `Session.regenerate`. */
  regenerate(keep?: readonly string[]): Promise<void> {
    return this.#queue.run(async () => {
      if (keep) this.fields.retain(keep);
      const to = new Identity();
      const state = this.#state;
      if (state.status === 'new') state.writer = new SessionWriter(this.runtime, to);
      else if (state.status === 'gone') this.#become(null, to);
      else {
        this.#owedRotation = { ...(keep && { keep }), to };
        await this.#rotateOwed();
      }
    });
  }

  /** Ends the session; see `Session.destroy`. */
  destroy(): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#state.status === 'stored') this.#doomed = this.id;
      this.#become(null, new Identity());
      this.#state.notice = 'clear';
      await this.#endDoomed();
    });
  }

  async #commit(canTell: boolean): Promise<void> {
    await this.#endDoomed();
    if (this.#state.status === 'gone') return;
    await this.#rotateOwed();
    await this.#state.store(this.fields.change(), canTell);
  }

  /** Until it has taken place nothing else is stored: what is set after `regenerate()` must not reach the old id. */
  async #rotateOwed(): Promise<void> {
    if (!this.#owedRotation) return;
    const { to, ...how } = this.#owedRotation;
    const state = this.#state;
    const isMoved =
      (await state.move(to, how)) || ((await state.writer.follow()) && (await state.move(to, how)));
    this.#owedRotation = undefined;
    if (!isMoved) state.reset();
  }

  async #endDoomed(): Promise<void> {
    if (!this.#doomed) return;
    await endSession(this.runtime, this.#doomed);
    this.#doomed = undefined;
  }

  #become(found: LiveRecord | null, identity: Identity): void {
    this.#state.become(found, identity);
    this.#owedRotation = undefined;
  }
}
