import { derivePrincipal } from '../principals/principal-of.js';
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

const NEVER_ENDS =
  "A session that is somebody's must end: give it an absolute lifetime, by the module's option absoluteTimeout or by signIn(principal, { lifetime: { absolute: '30d' } }).";

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

  /** Whose the data said that it is when they were read. */
  #derivedBefore: string | undefined;

  /**
   * @param arrivedAtMs when its request came, by `performance.now()`
   * @param found a new session begins where none was
   */
  constructor(
    private readonly runtime: SessionRuntime,
    private readonly arrivedAtMs: number,
    found?: LoadedSession,
  ) {
    this.identity = found?.identity ?? this.#newIdentity();
    this.isNew = found === undefined;
    if (found) this.state = { name: 'stored', isCurrent: found.isCurrent };
    this.fields = new SessionFields(runtime.codec, found?.record, found?.data);
    this.times = new SessionTimes(runtime, runtime.store, found?.metadata);
    if (runtime.principalOf) this.#derivedBefore = this.#derived;
  }

  /** The same, of which each can be changed by itself. */
  clone(): SessionDraft {
    const copy = Object.assign(new SessionDraft(this.runtime, this.arrivedAtMs), this);
    copy.#derivedBefore = this.#derivedBefore;
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

  /** Whose it is, or is to be. @throws TypeError where that follows from its data, and is none */
  get principal(): string | undefined {
    if (this.next?.signIn) return this.next.signIn.principal;
    return this.runtime.principalOf ? this.#derived : this.times.metadata.principal;
  }
  get signedInAtMs(): number | undefined {
    if (this.principal === undefined) return undefined;
    return this.isWhoseDue ? this.times.nowMs : this.times.metadata.signedInAtMs;
  }

  /** Whether whose it is must be stored. */
  get isWhoseDue(): boolean {
    if (this.next?.signIn) return true;
    if (!this.runtime.principalOf) return false;
    const derived = this.#derived;
    if (derived !== this.#stored || derived !== this.#derivedBefore) return true;
    return derived !== undefined && this.#isDerivedAgain;
  }

  /** Whether this request has changed whose it is by its data: as a sign-in and a sign-out it gets a new secret with that. */
  get isDerivedAnew(): boolean {
    return this.isWhoseDue && !this.next && this.#derived !== this.#derivedBefore;
  }

  /** Whether its data, which were one principal's, are to be another's: nothing goes along but what was set for that one. */
  get isDerivedAnother(): boolean {
    const stored = this.#stored;
    if (!this.runtime.principalOf || stored === undefined) return false;
    const derived = this.#derived;
    return derived !== undefined && derived !== stored;
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
      this.identity = this.#newIdentity();
      if (next) this.next = { ...next, identity: this.identity.regenerated() };
      return;
    }
    const before = next?.keep;
    const again = new Set(keep);
    const both = before && keep ? before.filter((key) => again.has(key)) : (keep ?? before);
    this.next = { ...next, identity: this.identity.regenerated(), keep: both };
  }

  /** Has the next change make it a principal's. @throws TypeError where the session would never end */
  signIn(principal: string, lifetime: OwnLifetime, leaving: readonly Leaving[]): void {
    const absoluteMs = this.absoluteMs(lifetime);
    const { arrivedAtMs } = this;
    const signIn = { principal, absoluteMs, arrivedAtMs, lifetime, leaving };
    this.next = { identity: this.identity.regenerated(), ...this.next, signIn };
  }

  /**
   * How long it may live at the most from a sign-in on.
   * @throws TypeError where it would never end
   */
  absoluteMs({ absoluteMs }: OwnLifetime = {}): number {
    const { metadata } = this.times;
    const { createdAtMs, signedInAtMs = createdAtMs } = metadata;
    const own = metadata.absoluteMs && metadata.absoluteMs - (signedInAtMs - createdAtMs);
    const longestMs = absoluteMs ?? own ?? this.runtime.lifetime.absoluteMs;
    if (longestMs === Infinity) throw new TypeError(NEVER_ENDS);
    return longestMs;
  }

  /** A life of its own; `absoluteMs` from its sign-in on, or else from its beginning. */
  setLifetime(lifetime: OwnLifetime): void {
    if (this.principal !== undefined && lifetime.absoluteMs === Infinity) {
      throw new TypeError(NEVER_ENDS);
    }
    const { next, times } = this;
    if (next?.signIn && !this.unanswered) {
      this.signIn(
        next.signIn.principal,
        { ...next.signIn.lifetime, ...lifetime },
        next.signIn.leaving,
      );
    } else {
      times.setLifetime(this.#fromBeginning(lifetime, times.metadata.signedInAtMs));
    }
  }

  /** Data, and what else is due, as a change of what is stored. @param isRenewed whether it gets a new secret by itself */
  changeOf(data: DataChange, isRenewed: boolean): StoreChange {
    const { next, times } = this;
    const { ownToStore, isTouchDue } = times;
    const signIn = next?.signIn ?? this.#derivedSignIn();
    const own =
      signIn &&
      this.#fromBeginning({ ...signIn.lifetime, absoluteMs: signIn.absoluteMs }, this.signedInAtMs);
    const identity = next?.identity ?? (isRenewed ? this.identity.renewed() : undefined);
    return {
      set: data.set,
      remove: data.remove,
      increment: data.increment,
      isUse: identity !== undefined || isTouchDue,
      ownLifetime: own ? { ...ownToStore, ...own } : ownToStore,
      ownToStore,
      keep: next?.keep,
      next: identity && { identity, kind: next ? 'regenerate' : 'renew' },
      operation: data !== NO_DATA || next?.keep ? operationName() : undefined,
      signIn,
      isSignOut: !signIn && this.isWhoseDue,
      whose: times.metadata,
    };
  }

  /** A change of it has been stored. */
  applied(change: StoreChange, result: StoredResult): void {
    const { next, isUse, ownLifetime, ownToStore, signIn } = change;
    const isNext = next !== undefined && result.token === next.identity.token;
    this.fields.settle(change);
    if (isUse) this.times.settleUse(ownToStore, isNext);
    if (isNext) this.identity = next.identity;
    if (signIn) {
      const { principal } = signIn;
      const { signedInAtMs } = result;
      this.times.settleSignIn({ principal, signedInAtMs, ...ownLifetime });
    } else if (change.isSignOut) {
      this.times.settleSignIn({ principal: undefined, signedInAtMs: undefined });
    }
    this.#derivedBefore = this.#stored;
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
    if (this.runtime.principalOf) this.#derivedBefore = this.#derived;
  }

  #newIdentity(): Identity {
    return this.runtime.store.newIdentity?.() ?? new Identity();
  }

  /** Whose it is as it is stored. */
  get #stored(): string | undefined {
    return this.times.metadata.principal;
  }

  /** Whether its user has signed in once more: a new token was asked for, and the field written that says who it is. */
  get #isDerivedAgain(): boolean {
    return this.next !== undefined && this.fields.isAssigned(this.runtime.principalOf!.field);
  }

  /** Whose its data say that it is. */
  get #derived(): string | undefined {
    const of = this.runtime.principalOf!;
    return derivePrincipal(of, this.fields.peek(of.field));
  }

  /**
   * By what the data say. Where this request has not changed that, its user signed in long ago, and the session ends when it
   * would have.
   */
  #derivedSignIn(): SignIn | undefined {
    const { principal, arrivedAtMs, times } = this;
    if (principal === undefined || !this.isWhoseDue) return undefined;
    const isAnew = this.#derivedBefore !== principal || this.#isDerivedAgain;
    const leftMs = this.absoluteMs() - (times.nowMs - times.metadata.createdAtMs);
    const absoluteMs = isAnew ? this.absoluteMs() : leftMs;
    return { principal, absoluteMs, arrivedAtMs, lifetime: {}, leaving: [] };
  }

  /** As it is stored: `absoluteMs` from the session's beginning on, where it is meant from the sign-in on. */
  #fromBeginning(lifetime: OwnLifetime, signedInAtMs: number | undefined): OwnLifetime {
    const { absoluteMs } = lifetime;
    if (absoluteMs === undefined) return lifetime;
    const { createdAtMs } = this.times.metadata;
    const sinceMs = Math.max(0, (signedInAtMs ?? createdAtMs) - createdAtMs);
    return { ...lifetime, absoluteMs: sinceMs + absoluteMs };
  }
}
