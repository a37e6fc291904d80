import { SessionGoneError } from '../errors/session-gone.error.js';
import { SessionSizeError } from '../errors/session-size.error.js';
import { isForGood, SessionTokenError, type UntoldReason } from '../errors/session-token.error.js';
import { isRefusal } from '../principals/sign-ins.js';
import { sendChange } from './change-sender.js';
import { ClientNotice } from './client-notice.js';
import { type DataChange, NO_DATA, recordOf } from './data-change.js';
import { isKeptFlash } from './flash-names.js';
import type { OwnLifetime } from './metadata.js';
import { SessionDraft } from './session-draft.js';
import type { SessionRuntime } from './session-runtime.js';
import type { Leaving, LoadedSession, SignIn, StoreChange, StoredResult } from './session-store.js';

/** Sign-ins of one user at once may end each other before they are written; what is gone more often than that has a wrong clock. */
const MOST_LOSSES = 100;

/** The life of one session in one request: all that leads from one state to another. */
export class SessionLife {
  readonly notice = new ClientNotice();
  #draft: SessionDraft;
  /** As it was before a sign-in that is not stored yet: that may be refused. */
  #before: SessionDraft | undefined;
  /** Sessions that were ended here, which is not known to have been done. */
  readonly #leaving: Leaving[] = [];
  /** How often in a row a session that was to be written was gone. */
  #losses = 0;
  /** Why the client can't be told of a new token or a longer life, if it can't. */
  #untold: UntoldReason | undefined;

  /**
   * @param arrivedAtMs when its request came, by `performance.now()`
   * @param found a new session begins where none was
   */
  constructor(
    private readonly runtime: SessionRuntime,
    private readonly arrivedAtMs: number,
    found?: LoadedSession,
  ) {
    this.#draft = new SessionDraft(runtime, arrivedAtMs, found);
  }

  /** To look at, and to change the fields and the times of. */
  get draft(): SessionDraft {
    return this.#draft;
  }

  /** A session was found that the token does not open. @param id what `destroy` may still end */
  refuse(id: string | undefined): void {
    this.#draft.state = { name: 'refused', id };
  }

  /** The client does not know the token of the session that was found. */
  tellToken(): void {
    const { identity, times, isEmpty } = this.#draft;
    const { isPersistent } = times.metadata;
    const known = { token: identity.token, expiresAtMs: times.expiresAtMs, isPersistent };
    this.notice.confirm({ status: 'stored', ...known, wasEmpty: isEmpty, isEmpty }, 'token');
  }

  /** The backend could not give a session. */
  fail(error: Error): void {
    this.#draft.state = { name: 'unavailable', error };
  }

  /** From here on the client can be told of nothing. */
  stopTelling(reason: UntoldReason): void {
    this.#untold = reason;
  }

  /** For whoever uses a session that has ended. */
  goneError(): SessionGoneError {
    return new SessionGoneError(this.#draft.id, this.#untold && isForGood(this.#untold));
  }

  /** Why nothing can be changed any more, as the client keeps the session and can't be told of a change, if so. */
  get #unchangeable(): UntoldReason | undefined {
    return this.runtime.store.isInToken && this.#untold;
  }

  /** Whether something of before must be done first, whatever has changed since. */
  get isUnfinished(): boolean {
    return this.#draft.unanswered !== undefined || this.#leaving.length > 0;
  }

  /** Whether something must be stored though no data have changed. */
  get isDue(): boolean {
    const { state, next, times, isWhoseDue } = this.#draft;
    if (state.name === 'new') return isWhoseDue;
    if (state.name !== 'stored') return false;
    return next !== undefined || times.mustStore || isWhoseDue || this.#isRenewDue;
  }

  /** Stores a change of the data, and what else is due; what is unfinished first. A session that has ended stays so. */
  async store(data = this.#draft.fields.change()): Promise<void> {
    await this.#leave();
    this.#losses = 0;
    const { unanswered } = this.#draft;
    if (unanswered) {
      await this.#send(unanswered.change);
      data = this.#draft.fields.change();
    }
    if (data || this.isDue) await this.#write(data ?? NO_DATA);
    await this.#leave();
  }

  /** Reads again what is stored, dropping unsaved changes, a new token excepted. @throws SessionGoneError */
  async reload(): Promise<void> {
    const { unanswered } = this.#draft;
    // What gives a new token may have been applied: without its answer nobody would be told of that token.
    if (unanswered?.change.next) await this.#send(unanswered.change);
    const draft = this.#draft;
    const { state, next } = draft;
    if (state.name === 'gone' || state.name === 'refused') throw this.goneError();
    draft.unanswered = undefined;
    await this.#leave();
    if (state.name !== 'stored') {
      this.#draft = this.#newDraft();
      if (next?.signIn) this.#signInAgain(next.signIn);
      return this.notice.forgetToken();
    }
    const found = await this.runtime.store.reload(draft.identity);
    if (!found) {
      this.#ended();
      throw this.goneError();
    }
    draft.reloaded(found);
    if (this.#before) {
      this.#before = draft.clone();
      this.#before.next = undefined;
    }
    if (next?.keep) draft.fields.retain(next.keep);
  }

  /** Has the next change give a new token; see `Session.regenerate`. @throws SessionTokenError */
  async regenerate(keep?: readonly string[]): Promise<void> {
    const { name } = this.#draft.state;
    if (this.#untold && isForGood(this.#untold)) throw new SessionTokenError(this.#untold);
    if (name === 'gone' || name === 'refused') return this.#begin();
    if (name === 'stored' && this.#untold) throw new SessionTokenError(this.#untold);
    this.#draft.regenerate(keep);
  }

  /**
   * Has the next change make the session a principal's, in a new generation; see `Session.signIn`. That of another principal
   * ends, and a new one begins.
   * @throws SessionTokenError
   */
  async signIn(
    principal: string,
    keep: readonly string[] | undefined,
    lifetime: OwnLifetime,
  ): Promise<void> {
    if (this.#untold) throw new SessionTokenError(this.#untold);
    this.#draft.absoluteMs(lifetime);
    const before = this.#before ?? this.#draft.clone();
    const whose = this.#draft.principal;
    if (whose === undefined || whose === principal) {
      await this.regenerate(keep);
      this.#draft.signIn(principal, lifetime, this.#draft.next?.signIn?.leaving ?? []);
    } else {
      const { state, leaving, fields } = this.#draft;
      this.#draft = this.#newDraft();
      this.#draft.fields = fields.copy(keep ?? []);
      this.#draft.signIn(principal, lifetime, state.name === 'gone' ? [] : leaving);
    }
    this.#before = before;
  }

  /**
   * Ends the session, whatever others have made of it; see `Session.destroy`. Some fields go on in a new session.
   * @throws SessionTokenError where none can begin any more, or the client keeps the session and can't be told
   */
  async destroy(keep: readonly string[] = []): Promise<void> {
    const { leaving, fields, state } = this.#draft;
    if (this.#unchangeable && state.name === 'stored') {
      throw new SessionTokenError(this.#unchangeable, true);
    }
    const kept = fields.copy(keep);
    if (!kept.isEmpty && this.#untold && isForGood(this.#untold)) {
      throw new SessionTokenError(this.#untold);
    }
    if (state.name === 'refused' && leaving.length === 0) {
      // A late tab is not to undo the sign-in that replaced its token.
      this.#draft.fields = kept;
      return;
    }
    this.#leaving.push(...leaving);
    this.#begin();
    this.#draft.fields = kept;
    this.notice.clear();
    await this.#leave();
  }

  /** Asks whether the session and its token are still what the client is about to be told. */
  async confirm(isUse = false): Promise<void> {
    const draft = this.#draft;
    const { isInToken } = this.runtime.store;
    if (draft.state.name !== 'stored' || (isInToken && (this.#untold || !isUse))) return;
    const change = { ...NO_DATA, isUse };
    try {
      const result = await this.runtime.store.update(draft.identity, change);
      if (result.status === 'stored') return this.#applied(change, result);
      this.#ended();
    } catch (error) {
      if (!this.notice.isUrgent) this.notice.forget();
      if (isUse) throw error;
    }
  }

  get #isRenewDue(): boolean {
    const { state, times } = this.#draft;
    const isCurrent = state.name === 'stored' && state.isCurrent;
    return !this.#untold && isCurrent && times.isRenewDue;
  }

  async #write(data: DataChange): Promise<void> {
    const { state } = this.#draft;
    if (state.name === 'new') await this.#create(data);
    else if (state.name === 'stored') {
      if (this.#unchangeable) throw new SessionTokenError(this.#unchangeable, true);
      const { isDerivedAnother, fields } = this.#draft;
      if (isDerivedAnother) {
        // The field that says so may have been changed in a part, as passport's `logIn` does.
        const own = fields.assigned.filter((field) => !isKeptFlash(field));
        await this.regenerate([...own, this.runtime.principalOf!.field]);
        data = fields.change() ?? NO_DATA;
      } else if (this.#draft.isDerivedAnew) await this.regenerate();
      await this.#send(this.#draft.changeOf(data, !this.#draft.next && this.#isRenewDue));
    }
  }

  /**
   * Stores a new session. One that is to be somebody's is signed in once it exists: by the index whoever revokes all of its
   * principal finds it then, and refuses what is under way. Before that it is empty, and nobody is told of it.
   */
  async #create(data: DataChange): Promise<void> {
    const draft = this.#draft;
    const { times, fields, identity } = draft;
    const isSignedIn = draft.principal !== undefined;
    if (draft.isEmpty) return;
    if (this.#untold) throw new SessionTokenError(this.#untold);
    const { ownToStore } = times;
    draft.triedId = draft.id;
    const created = this.runtime.store.create(identity, () => {
      times.begin();
      return { ...times.toRecord(), ...(!isSignedIn && recordOf(data)) };
    });
    const result = await created.catch((error) => {
      if (error instanceof SessionSizeError) draft.triedId = undefined;
      throw error;
    });
    if (result.status === 'gone') throw this.goneError();
    draft.state = { name: 'stored', isCurrent: true };
    if (isSignedIn) {
      draft.next ??= { identity: identity.regenerated() };
      return this.#send(draft.changeOf(data, false));
    }
    fields.settle(data);
    times.settleUse(ownToStore, false);
    this.notice.confirm(result, 'token');
  }

  async #send(change: StoreChange): Promise<void> {
    try {
      const result = await sendChange(this.runtime.store, this.#draft, change);
      if (result.status === 'gone') await this.#lost();
      else this.#applied(change, result);
    } catch (error) {
      if (isRefusal(error) && this.#before) {
        this.#draft = this.#before;
        this.#before = undefined;
      }
      throw error;
    }
  }

  #applied(change: StoreChange, result: StoredResult): void {
    const { next, isUse, ownLifetime, signIn } = change;
    this.#draft.applied(change, result);
    if (this.#before?.unanswered?.change === change) {
      this.#before.applied(change, result);
      this.#before.unanswered = undefined;
    }
    if (signIn) {
      this.#before = undefined;
      this.#leaving.push(...signIn.leaving);
    }
    const isNews =
      this.runtime.store.isInToken || next || ownLifetime !== undefined || result.wasEmpty;
    const isRenewal = next?.kind === 'renew' && result.token === next.identity.token;
    this.notice.confirm(result, isNews ? 'token' : isUse ? 'life' : undefined, isRenewal);
  }

  /** Ends what is to end. @throws SessionBackendError, after which it is still to end */
  async #leave(): Promise<void> {
    for (let leaving; (leaving = this.#leaving[0]); this.#leaving.shift()) {
      await this.runtime.store.end(leaving.id, 'destroyed', leaving.whose);
    }
  }

  /** By somebody else. */
  #ended(): void {
    this.#draft.state = { name: 'gone' };
    this.notice.forget();
  }

  /** Somebody else has ended it. What was set for the new token that is pending goes on in a new session. */
  async #lost(): Promise<void> {
    const lost = this.#draft;
    const before = this.#before;
    if (!lost.next) return this.#ended();
    if (++this.#losses > MOST_LOSSES) throw this.goneError();
    const { signIn } = lost.next;
    const change = lost.fields.change();
    this.#begin();
    const draft = this.#draft;
    if (lost.times.ownToStore) draft.times.setLifetime(lost.times.ownToStore);
    if (change) draft.fields = lost.fields.only(change, this.runtime.principalOf?.field);
    if (signIn) {
      this.#signInAgain(signIn);
      this.#before = before;
      if (before?.state.name === 'stored') before.state = { name: 'gone' };
    }
    const data = draft.fields.change();
    if (data || signIn) await this.#create(data ?? NO_DATA);
  }

  #signInAgain({ principal, lifetime, leaving }: SignIn): void {
    this.#draft.signIn(principal, lifetime, leaving);
  }

  #newDraft(): SessionDraft {
    return new SessionDraft(this.runtime, this.arrivedAtMs);
  }

  /** An empty session that does not exist yet. */
  #begin(): void {
    this.#draft = this.#newDraft();
    this.#before = undefined;
    this.notice.forget();
  }
}
