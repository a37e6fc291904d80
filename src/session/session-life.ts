import { SessionGoneError } from '../errors/session-gone.error.js';
import { isForGood, SessionTokenError, type UntoldReason } from '../errors/session-token.error.js';
import { isRefusal } from '../principals/sign-ins.js';
import { ChangeSender } from './change-sender.js';
import { ClientNotice } from './client-notice.js';
import { type DataChange, NO_DATA, recordOf } from './data-change.js';
import { operationName } from './operations.js';
import { SessionFields } from './session-fields.js';
import type { SessionRuntime } from './session-runtime.js';
import type { Regeneration, SessionState, SignIn } from './session-state.js';
import type { OwnLifetime } from './metadata.js';
import type { LoadedSession, StoreChange, StoreResult, Whose } from './session-store.js';
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

  /** Whose it is, or is to be. */
  get principal(): string | undefined {
    return this.#signIn?.principal ?? this.#times.metadata.principal;
  }
  get signedInAtMs(): number | undefined {
    return this.#signIn ? this.#times.nowMs : this.#times.metadata.signedInAtMs;
  }

  /** Whether it has no data and is nobody's: such a session is not kept. */
  get isEmpty(): boolean {
    return this.principal === undefined && this.#fields.isEmpty;
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
    if (state.name === 'new') return state.signIn !== undefined;
    if (state.name !== 'stored') return false;
    return state.next !== undefined || this.#times.mustStore || this.#isRenewDue(state.isCurrent);
  }

  /** Stores a change of the data, and what else is due; what is unfinished first. A session that has ended stays so. */
  async store(data = this.#fields.change()): Promise<void> {
    if (this.#state.name === 'ending') {
      const { id, whose, signIn } = this.#state;
      await this.runtime.store.end(id, whose);
      this.#state = { name: 'new', signIn };
    }
    const { unanswered } = this.#sender;
    if (unanswered) {
      await this.#send(unanswered);
      data = this.#fields.change();
    }
    if (this.#state.name === 'new' && (data || this.isDue)) await this.#create(data ?? NO_DATA);
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
    if (state.name === 'ending') await this.runtime.store.end(state.id, state.whose);
    if (state.name !== 'stored') {
      const isCleared = this.notice.telling?.kind === 'clear';
      const signIn = this.#signIn;
      this.#begin();
      if (signIn) await this.signIn(signIn);
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
    if (state.next?.keep) this.#fields.retain(state.next.keep);
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
    const next = { ...state.next, identity: this.#identity.regenerated(), keep: both };
    this.#state = { ...state, next };
  }

  /**
   * Has the next change make the session a principal's, in a new generation; see `Session.signIn`. That of another principal
   * ends, and a new one begins.
   * @throws SessionTokenError
   */
  async signIn(signIn: SignIn, keep?: readonly string[]): Promise<void> {
    const before = this.principal;
    if (before !== undefined && before !== signIn.principal) {
      this.#endFor(signIn, keep ?? []);
    } else {
      await this.regenerate(keep);
      const state = this.#state;
      if (state.name === 'new' || state.name === 'ending') this.#state = { ...state, signIn };
      else if (state.name === 'stored') {
        this.#state = { ...state, next: { ...state.next!, signIn } };
      }
    }
  }

  /** A life of its own; `absoluteMs` from its sign-in on, or else from its beginning. */
  setLifetime(lifetime: OwnLifetime): void {
    this.#times.setLifetime(this.#fromBeginning(lifetime));
  }

  /** Ends the session, whatever others have made of it; see `Session.destroy`. */
  async destroy(): Promise<void> {
    const id = this.#endableId;
    const whose = this.#whose;
    if (this.#state.name === 'refused' && id === undefined) {
      // A late tab is not to undo the sign-in that replaced its token.
      this.#fields = new SessionFields(this.runtime.codec);
      return;
    }
    this.#begin();
    this.notice.clear();
    if (id === undefined) return;
    this.#state = { name: 'ending', id, whose };
    await this.store();
  }

  /** As `destroy`; some fields go on in a new session. @throws SessionTokenError where none can begin any more */
  async signOut(keep: readonly string[] = []): Promise<void> {
    const kept = this.#fields.copy(keep);
    if (!kept.isEmpty && this.#untold && isForGood(this.#untold)) {
      throw new SessionTokenError(this.#untold);
    }
    await this.destroy();
    this.#fields = kept;
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

  get #signIn(): SignIn | undefined {
    const state = this.#state;
    if (state.name === 'new' || state.name === 'ending') return state.signIn;
    return this.#next?.signIn;
  }

  /** As whose it is stored. */
  get #whose(): Whose {
    if (this.#state.name === 'ending') return this.#state.whose;
    const { principal, signedInAtMs } = this.#times.metadata;
    return { principal, signedInAtMs };
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

  /** As it is stored: `absoluteMs` from the session's beginning on. */
  #fromBeginning(lifetime: OwnLifetime): OwnLifetime {
    const { absoluteMs } = lifetime;
    if (absoluteMs === undefined) return lifetime;
    const { createdAtMs } = this.#times.metadata;
    const sinceMs = Math.max(0, (this.signedInAtMs ?? createdAtMs) - createdAtMs);
    return { ...lifetime, absoluteMs: sinceMs + absoluteMs };
  }

  async #create(data: DataChange): Promise<void> {
    const signIn = this.#signIn;
    if (signIn) return this.#createSignedIn(data, signIn);
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

  /**
   * A session is signed in once it exists: by the index whoever revokes all of its principal finds it then, and refuses what
   * is under way. Before that it is empty, and nobody is told of it.
   */
  async #createSignedIn(data: DataChange, signIn: SignIn): Promise<void> {
    if (this.#untold) throw new SessionTokenError(this.#untold);
    this.#triedId = this.id;
    const result = await this.runtime.store.create(this.#identity, () => {
      this.#times.begin();
      return this.#times.toRecord();
    });
    if (result.status === 'gone') throw new SessionGoneError(this.id);
    const identity = this.#identity.regenerated();
    const next = { identity, keep: undefined, signIn, isUnseen: true };
    this.#state = { name: 'stored', isCurrent: true, next };
    await this.#send(this.#changeOf(data, this.#state));
  }

  #changeOf(data: DataChange, { isCurrent, next }: SessionState & { name: 'stored' }): StoreChange {
    const isRenewal = !next && this.#isRenewDue(isCurrent);
    const { ownToStore, isTouchDue } = this.#times;
    const signIn = next?.signIn;
    const own =
      signIn && this.#fromBeginning({ ...signIn.lifetime, absoluteMs: signIn.absoluteMs });
    const newIdentity = next?.identity ?? (isRenewal ? this.#identity.renewed() : undefined);
    return {
      set: data.set,
      remove: data.remove,
      increment: data.increment,
      isUse: newIdentity !== undefined || isTouchDue,
      ownLifetime: own ? { ...ownToStore, ...own } : ownToStore,
      keep: next?.keep,
      next: newIdentity && { identity: newIdentity, kind: next ? 'regenerate' : 'renew' },
      operation: data !== NO_DATA || next?.keep ? operationName() : undefined,
      signIn,
      principal: this.#times.metadata.principal,
    };
  }

  async #send(change: StoreChange): Promise<void> {
    try {
      const result = await this.#sender.send(this.#identity, change);
      if (result.status === 'gone') await this.#lost();
      else this.#applied(change, result);
    } catch (error) {
      if (isRefusal(error)) this.#dropSignIn();
      throw error;
    }
  }

  #applied(change: StoreChange, result: StoreResult & { status: 'stored' }): void {
    const { next, isUse, ownLifetime } = change;
    const isMine = result.token !== undefined;
    const isNext = next !== undefined && result.token === next.identity.token;
    const isNews = next !== undefined || ownLifetime !== undefined || result.wasEmpty;
    this.#fields.settle(change);
    if (isUse) this.#times.settleUse(ownLifetime, isNext);
    if (isNext) this.#identity = next.identity;
    if (change.signIn) {
      const { signedInAtMs } = result;
      this.#times.settleSignIn({
        principal: change.signIn.principal,
        signedInAtMs,
        ...ownLifetime,
      });
    }
    const later = this.#next?.identity === next?.identity ? undefined : this.#next;
    this.#state = { name: 'stored', isCurrent: isMine, ...(later && { next: later }) };
    const isRenewal = isNext && next.kind === 'renew';
    this.notice.confirm(result, isNews ? 'token' : isUse ? 'life' : undefined, isRenewal);
  }

  /** It was refused: all is as it was before. */
  #dropSignIn(): void {
    this.#sender.forget();
    const state = this.#state;
    if (state.name !== 'stored') return;
    const { isCurrent, next } = state;
    if (next?.isUnseen) this.#identity = new Identity();
    this.#state = next?.isUnseen ? { name: 'new' } : { name: 'stored', isCurrent };
  }

  /** By a sign-in as somebody else: what is kept goes on in a session with a new id. */
  #endFor(signIn: SignIn, keep: readonly string[]): void {
    if (this.#untold) throw new SessionTokenError(this.#untold);
    const kept = this.#fields.copy(keep);
    const state = this.#state;
    const whose = this.#whose;
    const id = state.name === 'stored' ? this.id : undefined;
    this.#begin();
    this.#fields = kept;
    this.#state =
      id === undefined ? { name: 'new', signIn } : { name: 'ending', id, whose, signIn };
  }

  /** By somebody else. */
  #ended(): void {
    this.#state = { name: 'gone' };
    this.notice.forget();
  }

  /** Somebody else has ended it. What was set for the new token that `regenerate` asked for goes on in a new session. */
  async #lost(): Promise<void> {
    // One that nobody has seen was signed in, and ended by a revocation or by later sign-ins.
    if (!this.#next || this.#next.isUnseen) return this.#ended();
    const { signIn } = this.#next;
    const { ownToStore } = this.#times;
    const change = this.#fields.change();
    const fields = change && this.#fields.only(change);
    this.#begin();
    if (ownToStore) this.#times.setLifetime(ownToStore);
    if (signIn) await this.signIn(signIn);
    const data = fields?.change();
    if (fields) this.#fields = fields;
    if (data || signIn) await this.#create(data ?? NO_DATA);
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
