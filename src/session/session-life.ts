import { SessionGoneError } from '../errors/session-gone.error.js';
import { isForGood, SessionTokenError, type UntoldReason } from '../errors/session-token.error.js';
import { ChangeSender } from './change-sender.js';
import { ClientNotice } from './client-notice.js';
import { type DataChange, NO_DATA, recordOf } from './data-change.js';
import { operationName } from './operations.js';
import { SessionFields } from './session-fields.js';
import type { SessionRuntime } from './session-runtime.js';
import type { Regeneration, SessionState } from './session-state.js';
import type { LoadedSession, StoreChange, StoreResult } from './session-store.js';
import { SessionTimes } from './session-times.js';
import { Identity } from './token.js';

/** The life of one session in one request: its state, and all that leads from one state to another. */
export class SessionLife {
  readonly notice = new ClientNotice();
  #state: SessionState;
  #identity: Identity;
  #fields: SessionFields;
  #times: SessionTimes;
  #isNew: boolean;
  /** The id of a session whose creation was not answered: it may be there. */
  #triedId: string | undefined;
  /** Why the client can't be told of a new token or a longer life, if it can't. */
  #untold: UntoldReason | undefined;
  readonly #sender: ChangeSender;

  /** @param found a new session begins where none was */
  constructor(
    private readonly runtime: SessionRuntime,
    found?: LoadedSession,
  ) {
    const { codec, store } = runtime;
    this.#state = found ? { name: 'stored', isCurrent: found.isCurrent } : { name: 'new' };
    this.#identity = found?.identity ?? new Identity();
    this.#fields = new SessionFields(codec, found?.record, found?.data);
    this.#times = new SessionTimes(runtime, store, found?.metadata);
    this.#isNew = found === undefined;
    this.#sender = new ChangeSender(store);
  }

  get state(): SessionState {
    return this.#state;
  }
  get id(): string {
    return this.#identity.id;
  }
  get generation(): string {
    return (this.#next?.identity ?? this.#identity).generation;
  }
  get identity(): Identity {
    return this.#identity;
  }
  get isNew(): boolean {
    return this.#isNew;
  }
  get fields(): SessionFields {
    return this.#fields;
  }
  get times(): SessionTimes {
    return this.#times;
  }

  /** A session was found that the token does not open. @param id what `destroy` may still end */
  refuse(id: string | undefined): void {
    this.#state = { name: 'refused', id };
  }

  /** The backend could not give a session. */
  fail(error: Error): void {
    this.#state = { name: 'unavailable', error };
  }

  /** From here on the client can be told of nothing. */
  stopTelling(reason: UntoldReason): void {
    this.#untold = reason;
  }

  /** For whoever uses a session that has ended. */
  goneError(): SessionGoneError {
    return new SessionGoneError(this.id, this.#untold && isForGood(this.#untold));
  }

  /** Whether something of before must be done first, whatever has changed since. */
  get isUnfinished(): boolean {
    return this.#sender.unanswered !== undefined || this.#state.name === 'ending';
  }

  /** Whether something must be stored though no data have changed. */
  get isDue(): boolean {
    const state = this.#state;
    if (state.name !== 'stored') return false;
    return state.next !== undefined || this.#times.mustStore || this.#isRenewDue(state.isCurrent);
  }

  /** Stores a change of the data, and what else is due; what is unfinished first. A session that has ended stays so. */
  async store(data = this.#fields.change()): Promise<void> {
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
    else if (this.#state.name === 'stored' && (data || this.isDue)) {
      await this.#send(this.#changeOf(data ?? NO_DATA, this.#state));
    }
  }

  /** Reads again what is stored, dropping unsaved changes, a new token excepted. @throws SessionGoneError */
  async reload(): Promise<void> {
    const { unanswered } = this.#sender;
    // What gives a new token may have been applied: without its answer nobody would be told of that token.
    if (unanswered?.next) await this.#send(unanswered);
    const state = this.#state;
    if (state.name === 'gone' || state.name === 'refused') throw this.goneError();
    this.#sender.forget();
    if (state.name === 'ending') await this.store(NO_DATA);
    if (state.name !== 'stored') {
      const isCleared = this.notice.telling?.kind === 'clear';
      this.#begin();
      return isCleared ? this.notice.clear() : undefined;
    }
    const found = await this.runtime.store.reload(this.#identity);
    if (!found) {
      this.#ended();
      throw this.goneError();
    }
    this.#fields = new SessionFields(this.runtime.codec, found.record, found.data);
    this.#times = new SessionTimes(this.runtime, this.runtime.store, found.metadata);
    this.#state = { ...state, isCurrent: found.isCurrent };
    this.#isNew = false;
    if (!state.next) return;
    if (state.next.keep) this.#fields.retain(state.next.keep);
  }

  /** Has the next change give a new token; see `Session.regenerate`. @throws SessionTokenError */
  async regenerate(keep?: readonly string[]): Promise<void> {
    const state = this.#state;
    if (this.#untold && isForGood(this.#untold)) throw new SessionTokenError(this.#untold);
    if (state.name === 'gone' || state.name === 'refused') return this.#begin();
    if (state.name === 'stored' && this.#untold) throw new SessionTokenError(this.#untold);
    if (keep) this.#fields.retain(keep);
    if (state.name !== 'stored') return void (this.#identity = new Identity());
    const before = state.next?.keep;
    const again = new Set(keep);
    const both = before && keep ? before.filter((key) => again.has(key)) : (keep ?? before);
    const next = { identity: this.#identity.regenerated(), keep: both };
    this.#state = { ...state, next };
  }

  /** Ends the session, whatever others have made of it; see `Session.destroy`. */
  async destroy(): Promise<void> {
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
    await this.store();
  }

  /** Asks whether the session and its token are still what the client is about to be told. */
  async confirm(isUse = false): Promise<void> {
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

  get #next(): Regeneration | undefined {
    return this.#state.name === 'stored' ? this.#state.next : undefined;
  }

  get #endableId(): string | undefined {
    const state = this.#state;
    if (state.name === 'stored' || state.name === 'gone') return this.id;
    return state.name === 'ending' || state.name === 'refused' ? state.id : this.#triedId;
  }

  #isRenewDue(isCurrent: boolean): boolean {
    return !this.#untold && isCurrent && this.#times.isRenewDue;
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
    if (result.status === 'gone') throw this.goneError();
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
      set: data.set,
      remove: data.remove,
      increment: data.increment,
      isUse: newIdentity !== undefined || isTouchDue,
      ownLifetime: ownToStore,
      keep: next?.keep,
      next: newIdentity && { identity: newIdentity, kind: next ? 'regenerate' : 'renew' },
      operation: data !== NO_DATA || next?.keep ? operationName() : undefined,
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

  /** An empty session that does not exist yet. */
  #begin(): void {
    this.#state = { name: 'new' };
    this.#identity = new Identity();
    this.#fields = new SessionFields(this.runtime.codec);
    this.#times = new SessionTimes(this.runtime, this.runtime.store);
    this.#isNew = true;
    this.#triedId = undefined;
    this.#sender.forget();
    this.notice.forget();
  }
}
