import type { UnansweredChange } from './change-sender.js';
import { type DataChange, NO_DATA } from './data-change.js';
import type { OwnLifetime } from './metadata.js';
import { operationName } from './operations.js';
import { SessionFields } from './session-fields.js';
import type { SessionRuntime } from './session-runtime.js';
import type { Regeneration, SessionState } from './session-state.js';
import type { Leaving, LoadedSession, SignIn, StoreChange, StoredResult } from './session-store.js';
import { SessionTimes } from './session-times.js';
import { Identity } from './token.js';

/** A session as one request has it: what of it is known to be stored, and what is to be. */
export class SessionDraft {
  state: SessionState = { name: 'new' };
  identity: Identity;
  fields: SessionFields;
  times: SessionTimes;
  /** Whether this request began without it. */
  isNew: boolean;
  next: Regeneration | undefined;
  /** What was sent, and may have been applied. */
  unanswered: UnansweredChange | undefined;
  /** The id of a session whose creation was not answered: it may be there. */
  triedId: string | undefined;

  /** @param found a new session begins where none was */
  constructor(
    private readonly runtime: SessionRuntime,
    found?: LoadedSession,
  ) {
    this.identity = found?.identity ?? new Identity();
    this.isNew = found === undefined;
    if (found) this.state = { name: 'stored', isCurrent: found.isCurrent };
    this.fields = new SessionFields(runtime.codec, found?.record, found?.data);
    this.times = new SessionTimes(runtime, runtime.store, found?.metadata);
  }

  /** The same, of which each can be changed by itself. */
  clone(): SessionDraft {
    const copy = Object.assign(new SessionDraft(this.runtime), this);
    copy.fields = this.fields.clone();
    copy.times = this.times.clone();
    return copy;
  }

  get id(): string {
    return this.identity.id;
  }
  get generation(): string {
    return (this.next?.identity ?? this.identity).generation;
  }

  /** Whose it is, or is to be. */
  get principal(): string | undefined {
    return this.next?.signIn?.principal ?? this.times.metadata.principal;
  }
  get signedInAtMs(): number | undefined {
    return this.next?.signIn ? this.times.nowMs : this.times.metadata.signedInAtMs;
  }

  /** Whether it has no data and is nobody's: such a session is not kept. */
  get isEmpty(): boolean {
    return this.principal === undefined && this.fields.isEmpty;
  }

  /** What may be stored that is to end with it. */
  get leaving(): readonly Leaving[] {
    const { state, triedId } = this;
    const { principal, signedInAtMs } = this.times.metadata;
    const isKnown = state.name === 'stored' || state.name === 'gone';
    const id = isKnown ? this.id : state.name === 'refused' ? state.id : triedId;
    const others = this.next?.signIn?.leaving ?? [];
    return id === undefined ? others : [{ id, whose: { principal, signedInAtMs } }, ...others];
  }

  /** Has the next change give a new secret and generation. What is pending goes on. */
  regenerate(keep: readonly string[] | undefined): void {
    if (keep) this.fields.retain(keep);
    const { next } = this;
    if (this.state.name !== 'stored') {
      this.identity = new Identity();
      if (next) this.next = { ...next, identity: this.identity.regenerated() };
      return;
    }
    const before = next?.keep;
    const again = new Set(keep);
    const both = before && keep ? before.filter((key) => again.has(key)) : (keep ?? before);
    this.next = { ...next, identity: this.identity.regenerated(), keep: both };
  }

  /** Has the next change make it a principal's. */
  signIn(signIn: SignIn): void {
    const { identity, keep } = this.next ?? { identity: this.identity.regenerated() };
    this.next = { identity, keep, signIn };
  }

  /** A life of its own; `absoluteMs` from its sign-in on, or else from its beginning. */
  setLifetime(lifetime: OwnLifetime): void {
    this.times.setLifetime(this.#fromBeginning(lifetime));
  }

  /** Data, and what else is due, as a change of what is stored. @param isRenewed whether it gets a new secret by itself */
  changeOf(data: DataChange, isRenewed: boolean): StoreChange {
    const { next, times } = this;
    const { ownToStore, isTouchDue } = times;
    const signIn = next?.signIn;
    const own =
      signIn && this.#fromBeginning({ ...signIn.lifetime, absoluteMs: signIn.absoluteMs });
    const identity = next?.identity ?? (isRenewed ? this.identity.renewed() : undefined);
    return {
      set: data.set,
      remove: data.remove,
      increment: data.increment,
      isUse: identity !== undefined || isTouchDue,
      ownLifetime: own ? { ...ownToStore, ...own } : ownToStore,
      keep: next?.keep,
      next: identity && { identity, kind: next ? 'regenerate' : 'renew' },
      operation: data !== NO_DATA || next?.keep ? operationName() : undefined,
      signIn,
      principal: times.metadata.principal,
    };
  }

  /** A change of it has been stored. */
  applied(change: StoreChange, result: StoredResult): void {
    const { next, isUse, ownLifetime, signIn } = change;
    const isNext = next !== undefined && result.token === next.identity.token;
    this.fields.settle(change);
    if (isUse) this.times.settleUse(ownLifetime, isNext);
    if (isNext) this.identity = next.identity;
    if (signIn) {
      const { principal } = signIn;
      const { signedInAtMs } = result;
      this.times.settleSignIn({ principal, signedInAtMs, ...ownLifetime });
    }
    if (this.next && this.next.identity === next?.identity) this.next = undefined;
    this.state = { name: 'stored', isCurrent: result.token !== undefined };
  }

  /** It was read again: what was not stored is dropped, a new secret that is pending excepted. */
  reloaded(found: LoadedSession): void {
    const { codec, store } = this.runtime;
    this.fields = new SessionFields(codec, found.record, found.data);
    this.times = new SessionTimes(this.runtime, store, found.metadata);
    this.state = { name: 'stored', isCurrent: found.isCurrent };
    this.isNew = false;
  }

  /** As it is stored: `absoluteMs` from the session's beginning on. */
  #fromBeginning(lifetime: OwnLifetime): OwnLifetime {
    const { absoluteMs } = lifetime;
    if (absoluteMs === undefined) return lifetime;
    const { createdAtMs } = this.times.metadata;
    const sinceMs = Math.max(0, (this.signedInAtMs ?? createdAtMs) - createdAtMs);
    return { ...lifetime, absoluteMs: sinceMs + absoluteMs };
  }
}
