import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionChange, SessionRotation } from '../backends/session-backend.js';
import { applyChange } from '../backends/session-change.js';
import { SessionGoneError } from '../errors/session-gone.error.js';
import { metadataRecord, type SessionMetadata } from './metadata.js';
import { OperationQueue } from './operation-queue.js';
import { SessionClock } from './session-clock.js';
import { SessionFields } from './session-fields.js';
import { UnavailableFields } from './unavailable-fields.js';
import type { SessionRuntime } from './session-runtime.js';
import { endSession, SessionWriter } from './session-writer.js';
import { type LiveRecord, readRecord } from './stored-session.js';
import { Identity } from './token.js';

/**
 * - `new`: not in the backend; it is created when there is something to store
 * - `stored`: in the backend, as far as this request knows
 * - `gone`: was in the backend, and somebody else ended it, or can't be read; what this request still writes goes nowhere
 */
type Status = 'new' | 'stored' | 'gone';

/**
 * How long a session that was found counts as alive without being asked for again. A cookie for a session that has been
 * signed out or rotated away since then would take its successor's place in the browser.
 */
const FRESH_MS = 100;

/** What the client has to be told of its token: nothing, a new one, a longer life, or that the session has ended. */
export type TokenNotice = 'none' | 'set' | 'extend' | 'clear';

/**
 * One session in use by one request: its data, where it stands in the backend, and the operations on it. These run one
 * after another.
 */
export class ActiveSession {
  /** Whether anybody looked at the session or changed it. */
  isUsed = false;
  notice: TokenNotice = 'none';
  fields!: SessionFields;
  clock!: SessionClock;
  #status!: Status;
  #isNew!: boolean;
  #writer!: SessionWriter;
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
    this.#become(found, identity);
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
    session.#markGone();
    session.fields = new UnavailableFields(runtime.codec, error);
    session.#queue.close(error);
    return session;
  }

  get isNew(): boolean {
    return this.#isNew;
  }

  /** `undefined` where a renewal gave the session a token that this request was not told. */
  get token(): string | undefined {
    return this.#writer.identity.token;
  }

  get id(): string {
    return this.#writer.identity.id;
  }

  /**
   * Whether something must be stored.
   * @param canTell whether the client can still be told of a new token or a longer life
   * @throws SessionValueError
   */
  hasWork(canTell: boolean): boolean {
    if (this.#queue.isBusy || this.#doomed || this.#owedRotation) return true;
    if (this.#status === 'gone') return false;
    const isStored = this.#status === 'stored';
    return (isStored && this.#hasClockWork(canTell)) || this.fields.change() !== undefined;
  }

  /**
   * Stores what has changed. A session that somebody else ended stays ended.
   * @param canTell as for `hasWork`
   * @throws SessionValueError, SessionBackendError
   */
  commit(canTell: boolean): Promise<void> {
    return this.#queue.run(() => this.#commit(canTell));
  }

  /**
   * Writes a use that is due and that nothing else writes, while the response goes on: it neither delays it nor makes it
   * fail. Where the session was found long ago, the cookie's longer life has to be confirmed, for which this waits a
   * little.
   */
  touchInPassing(): Promise<void> | undefined {
    if (this.#status !== 'stored' || !this.clock.isTouchDue) return undefined;
    const used = this.clock.used();
    const isFresh = used.seenAtMs - this.#loadedAtMs < FRESH_MS;
    if (isFresh) this.#noteUse(used, 'extend');
    const touch = this.#queue.run(() => this.#touch(used)).catch(() => {});
    return isFresh ? undefined : Promise.race([touch, sleep(FRESH_MS, undefined, { ref: false })]);
  }

  /** As `commit`, for the user. @throws SessionGoneError */
  save(): Promise<void> {
    return this.#queue.run(async () => {
      await this.#commit(false);
      if (this.#status === 'gone') throw new SessionGoneError(this.id);
    });
  }

  /** Reads again what is stored, dropping unsaved changes. */
  reload(): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#status === 'new') this.#reset();
      else this.#become(await readRecord(this.runtime, this.id), this.#writer.identity);
    });
  }

  /** Moves to a new token; see `Session.regenerate`. */
  regenerate(keep?: readonly string[]): Promise<void> {
    return this.#queue.run(async () => {
      if (keep) this.fields.retain(keep);
      if (this.#status === 'new') this.#writer = new SessionWriter(this.runtime, new Identity());
      else if (this.#status === 'gone') this.#reset();
      else {
        this.#owedRotation = { ...(keep && { keep }), to: new Identity() };
        await this.#rotateOwed();
      }
    });
  }

  /** Ends the session; see `Session.destroy`. */
  destroy(): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#status === 'stored') this.#doomed = this.id;
      this.#reset();
      this.notice = 'clear';
      await this.#endDoomed();
    });
  }

  async #commit(canTell: boolean): Promise<void> {
    await this.#endDoomed();
    if (this.#status === 'gone') return;
    await this.#rotateOwed();
    if (this.#status === 'new') return this.#create();
    const { unanswered } = this.#writer;
    if (unanswered && !(await this.#update(unanswered))) return;
    if (canTell && this.#isRenewDue) {
      const graceSeconds = Math.ceil(this.runtime.renewGraceMs / 1000);
      if (await this.#move({ graceSeconds }, new Identity())) return;
      if (!(await this.#writer.follow())) return this.#markGone();
    }
    const change = this.fields.change();
    if (change || this.clock.ownLifetime) await this.#update(change ?? NO_CHANGE);
    else if (this.clock.mustStore) await this.#touch(this.clock.used());
  }

  async #create(): Promise<void> {
    const change = this.fields.change();
    if (!change || this.fields.isEmpty) return;
    const metadata = this.clock.created();
    const record = metadataRecord(metadata);
    applyChange(record, change);
    await this.#writer.create(record, this.clock.ttlSeconds(metadata));
    this.fields.settle(change);
    this.clock.settle(metadata);
    this.#status = 'stored';
    this.notice = 'set';
  }

  async #update(change: SessionChange): Promise<boolean> {
    // The times that the client's cookie follows move only when a touch is due; the life in the backend always does, so
    // that it is never shorter.
    const { ownLifetime, isTouchDue } = this.clock;
    const isDue = ownLifetime !== undefined || isTouchDue;
    const used = this.clock.used();
    const sent = isDue ? withMetadata(change, used) : change;
    if (!(await this.#writer.update(sent, this.clock.ttlSeconds(used)))) {
      this.#markGone();
      return false;
    }
    this.fields.settle(change);
    if (isDue) this.#noteUse(used, ownLifetime ? 'set' : 'extend');
    if (this.fields.isEmpty && (await this.#writer.deleteEmpty())) {
      this.#reset();
      this.notice = 'clear';
    }
    return this.#status === 'stored';
  }

  async #touch(used: Partial<SessionMetadata> & { seenAtMs: number }): Promise<void> {
    if (await this.#writer.touch(this.clock.ttlSeconds(used), String(used.seenAtMs))) {
      this.#noteUse(used, 'extend');
    } else {
      this.#markGone();
    }
  }

  /** Moves to a new token with all changes; `false`, changing nothing, where the session no longer exists there. */
  async #move(how: Pick<SessionRotation, 'keep' | 'graceSeconds'>, to: Identity): Promise<boolean> {
    const change = this.fields.change() ?? NO_CHANGE;
    const used = this.clock.used(this.runtime.renewIntervalMs !== Infinity);
    const rotation = { ...withMetadata(change, used), ...how };
    const result = await this.#writer.rotate(to, rotation, this.clock.ttlSeconds(used));
    if (result === 'gone') return false;
    if (result === 'applied') this.fields.settle(change);
    this.#noteUse(used, 'set');
    return true;
  }

  /** Until it has taken place nothing else is stored: what is set after `regenerate()` must not reach the old id. */
  async #rotateOwed(): Promise<void> {
    if (!this.#owedRotation) return;
    const { to, ...how } = this.#owedRotation;
    const isMoved =
      (await this.#move(how, to)) || ((await this.#writer.follow()) && (await this.#move(how, to)));
    this.#owedRotation = undefined;
    if (!isMoved) this.#reset();
  }

  async #endDoomed(): Promise<void> {
    if (!this.#doomed) return;
    await endSession(this.runtime, this.#doomed);
    this.#doomed = undefined;
  }

  #hasClockWork(canTell: boolean): boolean {
    return this.clock.mustStore || (canTell && this.#isRenewDue);
  }

  /** A request that was not told the session's token has been overtaken by a renewal. */
  get #isRenewDue(): boolean {
    return this.token !== undefined && this.clock.isRenewDue;
  }

  #noteUse(used: Partial<SessionMetadata>, notice: TokenNotice): void {
    if (this.notice !== 'set') this.notice = notice;
    this.clock.settle(used);
  }

  #markGone(): void {
    this.#status = 'gone';
    this.notice = 'none';
  }

  /** Back to an empty session that does not exist yet. */
  #reset(): void {
    this.#become(null, new Identity());
  }

  /** The session that was found for an identity; an empty new one where there is none: its token is not adopted. */
  #become(found: LiveRecord | null, identity: Identity): void {
    const { runtime } = this;
    this.fields = new SessionFields(runtime.codec, found?.record, found?.data);
    this.notice = 'none';
    this.#status = found ? 'stored' : 'new';
    this.#isNew = !found;
    this.clock = new SessionClock(runtime, found?.metadata);
    this.#writer = new SessionWriter(runtime, identityOf(found, identity));
    this.#owedRotation = undefined;
  }
}

/** The token is not known where a renewal has moved the session, and never adopted where there is none. */
function identityOf(found: LiveRecord | null, asked: Identity): Identity {
  if (!found) return new Identity();
  return found.id === asked.id ? asked : Identity.ofId(found.id);
}

const NO_CHANGE: SessionChange = { set: {}, remove: [], increment: {} };

function withMetadata(change: SessionChange, metadata: Partial<SessionMetadata>): SessionChange {
  return { ...change, set: { ...change.set, ...metadataRecord(metadata) } };
}
