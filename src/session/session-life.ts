import { setTimeout as sleep } from 'node:timers/promises';
import { SessionGoneError } from '../errors/session-gone.error.js';
import { SessionTokenError, type UntoldReason } from '../errors/session-token.error.js';
import { ChangeSender } from './change-sender.js';
import { ClientNotice } from './client-notice.js';
import type { OwnLifetime, SessionMetadata } from './metadata.js';
import { operationName } from './operations.js';
import { OperationQueue } from './operation-queue.js';
import { type DataChange, hasIncrements, NO_DATA, recordOf } from './data-change.js';
import { SessionFields } from './session-fields.js';
import type { SessionRuntime } from './session-runtime.js';
import type { Regeneration, SessionState } from './session-state.js';
import type { LoadedSession, StoreChange, StoreResult } from './session-store.js';
import { SessionTimes } from './session-times.js';
import { Identity } from './token.js';

/** How long a response waits for a use to be written; after that it leaves without its cookie's longer life. */
const MAX_TOUCH_WAIT_MS = 100;

/** The life of one session in one request: its states, and all that leads from one to another. */
export class SessionLife {
  readonly notice = new ClientNotice();
  #state: SessionState = { name: 'new' };
  #identity = new Identity();
  #fields: SessionFields;
  #times: SessionTimes;
  #isNew = true;
  #isUsed = false;
  #isDiscarded = false;
  /** The id of a session whose creation was not answered: it may be there. */
  #triedId: string | undefined;
  /** Why the client can't be told of a new token or a longer life, if it can't. */
  #untold: UntoldReason | undefined;
  readonly #sender: ChangeSender;
  readonly #queue = new OperationQueue();

  constructor(private readonly runtime: SessionRuntime) {
    this.#fields = new SessionFields(runtime.codec);
    this.#times = this.#timesOf(undefined);
    this.#sender = new ChangeSender(runtime.store);
  }

  /** The session of the first token that has one; an empty new one where none has. */
  static async open(runtime: SessionRuntime, tokens: readonly string[]): Promise<SessionLife> {
    const life = new SessionLife(runtime);
    for (const token of tokens) {
      const found = await runtime.store.load(token);
      if (found?.kind === 'session') return life.#adopted(found);
      if (found) life.#state = { name: 'refused', id: found.id };
    }
    return life;
  }

  /** Stands for a session that the backend could not give. */
  static unavailable(runtime: SessionRuntime, error: Error): SessionLife {
    const life = new SessionLife(runtime);
    life.#state = { name: 'unavailable', error };
    life.#queue.close(error);
    return life;
  }

  get state(): SessionState['name'] {
    return this.#state.name;
  }
  get id(): string {
    return this.#identity.id;
  }
  get generation(): string {
    return (this.#next?.identity ?? this.#identity).generation;
  }
  get isNew(): boolean {
    return this.#isNew;
  }
  get metadata(): SessionMetadata {
    return this.#times.metadata;
  }
  get expiresAtMs(): number {
    return this.#times.expiresAtMs;
  }
  /** Whether anybody looked at the session or changed it. */
  get isUsed(): boolean {
    return this.#isUsed;
  }
  /** Whether the backend failed in an operation, or to give the session at all. */
  get hasFailed(): boolean {
    return this.#queue.hasFailed;
  }

  /** Whether there is a field, for somebody to whom that alone is no use of the session. */
  has(key: string): boolean {
    return this.#fields.has(key);
  }

  /** The data, for somebody who looks at them. */
  read(): SessionFields {
    this.#isUsed = true;
    return this.#fields;
  }

  /** The data, for somebody who changes them. @throws SessionBackendError where the session is unavailable */
  write(): SessionFields {
    if (this.#state.name === 'unavailable') throw this.#state.error;
    return this.read();
  }

  touch(): void {
    this.write();
    this.#times.touch();
  }

  setLifetime(lifetime: OwnLifetime): void {
    this.write();
    this.#times.setLifetime(lifetime);
  }

  /** From here on the client can be told of nothing. */
  stopTelling(reason: UntoldReason): void {
    this.#untold = reason;
  }

  /**
   * Stores what has changed; `undefined` where nothing has. A session that somebody else ended stays ended.
   * @throws SessionValueError, SessionBackendError, SessionTokenError
   */
  commit(): Promise<void> | undefined {
    if (this.#state.name === 'unavailable' && this.#isDiscarded) {
      return Promise.reject(this.#state.error);
    }
    const isStarted = this.#queue.isBusy || this.#sender.unanswered !== undefined;
    if (isStarted || this.#state.name === 'ending') return this.#queue.run(() => this.#store());
    if (this.#state.name !== 'new' && this.#state.name !== 'stored') return undefined;
    const data = this.#fields.change();
    if (!data && !this.#isDue()) return undefined;
    return this.#queue.run(() => this.#store(data));
  }

  /** All that must be done before the head leaves; `undefined` for nothing. Throws as `commit` does. */
  beforeHead(): Promise<void> | undefined {
    const work = this.commit();
    if (work || this.#state.name !== 'stored') return work;
    if (this.#times.isTouchDue && !this.#fields.isEmpty) return this.#touchInPassing();
    return this.notice.isOutdated ? this.#queue.run(() => this.#confirm()) : undefined;
  }

  /** As `commit`, for the user. @throws SessionGoneError */
  save(): Promise<void> {
    return this.#queue.run(async () => {
      await this.#store();
      if (this.#state.name === 'gone' || this.#state.name === 'refused') {
        throw new SessionGoneError(this.id);
      }
    });
  }

  /** Reads again what is stored, dropping unsaved changes, a new token excepted. @throws SessionGoneError */
  reload(): Promise<void> {
    return this.#queue.run(async () => {
      const { unanswered } = this.#sender;
      // What gives a new token may have been applied: without its answer nobody would be told of that token.
      if (unanswered?.next) await this.#send(unanswered);
      const state = this.#state;
      if (state.name === 'gone' || state.name === 'refused') throw new SessionGoneError(this.id);
      this.#sender.forget();
      if (state.name === 'ending') await this.#store(NO_DATA);
      if (state.name !== 'stored') {
        const isCleared = this.notice.telling?.kind === 'clear';
        this.#begin();
        return isCleared ? this.notice.clear() : undefined;
      }
      const found = await this.runtime.store.reload(this.#identity);
      if (!found) {
        this.#ended();
        throw new SessionGoneError(this.id);
      }
      this.#adopted(found);
      if (!state.next) return;
      this.#state = { ...state, isCurrent: found.isCurrent };
      if (state.next.keep) this.#fields.retain(state.next.keep);
    });
  }

  /** Has the next change give a new token; see `Session.regenerate`. @throws SessionTokenError */
  regenerate(keep?: readonly string[]): Promise<void> {
    return this.#queue.run(async () => {
      const state = this.#state;
      if (state.name === 'gone' || state.name === 'refused') return this.#begin();
      if (state.name === 'stored' && this.#untold) throw new SessionTokenError(this.#untold);
      if (keep) this.#fields.retain(keep);
      if (state.name !== 'stored') return void (this.#identity = new Identity());
      const before = state.next?.keep;
      const again = new Set(keep);
      const both = before && keep ? before.filter((key) => again.has(key)) : (keep ?? before);
      const next = { identity: this.#identity.regenerated(), keep: both };
      this.#state = { ...state, next };
    });
  }

  /** Ends the session, whatever others have made of it; see `Session.destroy`. */
  destroy(): Promise<void> {
    return this.#queue.run(async () => {
      const id = this.#endableId;
      if (this.#state.name === 'refused' && id === undefined) {
        // A late tab is not to undo the sign-in that replaced its token.
        this.#fields = new SessionFields(this.runtime.codec);
        return;
      }
      this.#begin();
      this.notice.clear();
      if (id === undefined) return;
      this.#state = { name: 'ending', id };
      await this.#store();
    });
  }

  /** As `destroy`, by somebody who hears of no failure: what can't be ended fails the response. */
  discard(): void {
    this.#isDiscarded = true;
    this.destroy().catch(() => {});
  }

  get #next(): Regeneration | undefined {
    return this.#state.name === 'stored' ? this.#state.next : undefined;
  }

  get #endableId(): string | undefined {
    const state = this.#state;
    if (state.name === 'stored' || state.name === 'gone') return this.id;
    return state.name === 'ending' || state.name === 'refused' ? state.id : this.#triedId;
  }

  /** Whether something must be stored though no data have changed. */
  #isDue(): boolean {
    const state = this.#state;
    if (state.name !== 'stored') return false;
    return state.next !== undefined || this.#times.mustStore || this.#isRenewDue(state.isCurrent);
  }

  #isRenewDue(isCurrent: boolean): boolean {
    return !this.#untold && isCurrent && this.#times.isRenewDue;
  }

  async #store(data = this.#fields.change()): Promise<void> {
    if (this.#state.name === 'ending') {
      await this.runtime.store.end(this.#state.id);
      this.#state = { name: 'new' };
    }
    const { unanswered } = this.#sender;
    if (unanswered) {
      await this.#send(unanswered);
      data = this.#fields.change();
    }
    if (this.#state.name === 'new' && data) await this.#create(data);
    else if (this.#state.name === 'stored' && (data || this.#isDue())) {
      await this.#send(this.#changeOf(data ?? NO_DATA, this.#state));
    }
  }

  async #create(data: DataChange): Promise<void> {
    if (this.#fields.isEmpty) return;
    if (this.#untold) throw new SessionTokenError(this.#untold);
    const { ownToStore } = this.#times;
    this.#triedId = this.id;
    const result = await this.runtime.store.create(this.#identity, () => {
      this.#times.begin();
      return { ...this.#times.toRecord(), ...recordOf(data) };
    });
    if (result.status === 'gone') throw new SessionGoneError(this.id);
    this.#fields.settle(data);
    this.#times.settleUse(ownToStore, false);
    this.#state = { name: 'stored', isCurrent: true };
    this.notice.confirm(result, 'token');
  }

  #changeOf(data: DataChange, { isCurrent, next }: SessionState & { name: 'stored' }): StoreChange {
    const isRenewal = !next && this.#isRenewDue(isCurrent);
    const { ownToStore, isTouchDue } = this.#times;
    const newIdentity = next?.identity ?? (isRenewal ? this.#identity.renewed() : undefined);
    return {
      ...data,
      isUse: newIdentity !== undefined || isTouchDue,
      ...(ownToStore && { ownLifetime: ownToStore }),
      ...(next?.keep && { keep: next.keep }),
      ...(newIdentity && { next: { identity: newIdentity, kind: next ? 'regenerate' : 'renew' } }),
      ...(hasIncrements(data) && { operation: operationName() }),
    };
  }

  async #send(change: StoreChange): Promise<void> {
    const result = await this.#sender.send(this.#identity, change);
    if (result.status === 'gone') await this.#lost();
    else this.#applied(change, result);
  }

  #applied(change: StoreChange, result: StoreResult & { status: 'stored' }): void {
    const { next, isUse, ownLifetime } = change;
    const isMine = result.token !== undefined;
    const isNext = next !== undefined && result.token === next.identity.token;
    const isNews = next !== undefined || ownLifetime !== undefined || result.wasEmpty;
    this.#fields.settle(change);
    if (isUse) this.#times.settleUse(ownLifetime, isNext);
    if (isNext) this.#identity = next.identity;
    const later = this.#next?.identity === next?.identity ? undefined : this.#next;
    this.#state = { name: 'stored', isCurrent: isMine, ...(later && { next: later }) };
    const isRenewal = isNext && next.kind === 'renew';
    this.notice.confirm(result, isNews ? 'token' : isUse ? 'life' : undefined, isRenewal);
  }

  /** By somebody else. */
  #ended(): void {
    this.#state = { name: 'gone' };
    this.notice.forget();
  }

  /** Somebody else has ended it. What was set for the new token that `regenerate` asked for goes on in a new session. */
  async #lost(): Promise<void> {
    if (!this.#next) return this.#ended();
    const { ownToStore } = this.#times;
    const change = this.#fields.change();
    const fields = change && this.#fields.only(change);
    this.#begin();
    if (ownToStore) this.#times.setLifetime(ownToStore);
    const data = fields?.change();
    if (!fields || !data) return;
    this.#fields = fields;
    await this.#create(data);
  }

  /** Writes a use that is due and that nothing else writes. It neither delays the response for long nor makes it fail. */
  async #touchInPassing(): Promise<void> {
    const touch = this.#queue.run(() => this.#confirm(true)).catch(() => {});
    const waiting = new AbortController();
    const { signal } = waiting;
    const late = sleep(MAX_TOUCH_WAIT_MS, undefined, { ref: false, signal }).catch(() => {});
    await Promise.race([touch, late]);
    waiting.abort();
  }

  /** Asks whether the session and its token are still what the client is about to be told. */
  async #confirm(isUse = false): Promise<void> {
    if (this.#state.name !== 'stored') return;
    try {
      const result = await this.runtime.store.update(this.#identity, { ...NO_DATA, isUse });
      if (result.status === 'stored') return this.#applied({ ...NO_DATA, isUse }, result);
      this.#ended();
    } catch (error) {
      if (!this.notice.isUrgent) this.notice.forget();
      if (isUse) throw error;
    }
  }

  /** An empty session that does not exist yet. */
  #begin(): void {
    this.#state = { name: 'new' };
    this.#identity = new Identity();
    this.#fields = new SessionFields(this.runtime.codec);
    this.#times = this.#timesOf(undefined);
    this.#isNew = true;
    this.#triedId = undefined;
    this.#sender.forget();
    this.notice.forget();
  }

  #adopted(found: LoadedSession): this {
    this.#state = { name: 'stored', isCurrent: found.isCurrent };
    this.#identity = found.identity;
    this.#fields = new SessionFields(this.runtime.codec, found.record, found.data);
    this.#times = this.#timesOf(found.metadata);
    this.#isNew = false;
    return this;
  }

  #timesOf(metadata: SessionMetadata | undefined): SessionTimes {
    return new SessionTimes(this.runtime, () => this.runtime.store.now(), metadata);
  }
}
