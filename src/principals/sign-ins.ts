import {
  type Entered,
  FENCE_MS,
  type Fenced,
  type IndexEntry,
  LEASE_MS,
  type PrincipalIndex,
} from '../backends/principal-index.js';
import type { EndReason } from '../backends/session-ends.js';
import { expiresAtMs, FIELD } from '../backends/session-record.js';
import { SessionLimitError } from '../errors/session-limit.error.js';
import { SignInRevokedError } from '../errors/sign-in-revoked.error.js';
import { expel, type Sessions } from './expel.js';
import { pagesOf } from './pages.js';

/** How many sessions a principal may have, and what becomes of a sign-in beyond them. */
export interface SessionLimit {
  readonly maxSessions: number;
  readonly onLimit: 'end-oldest' | 'refuse';
}

/** A session that is to become a principal's. */
export interface SignIn {
  readonly principal: string;
  /** How long the session lives at the most from now on. */
  readonly absoluteMs: number;
  /** When the request came that asks for it, by `performance.now()`. */
  readonly arrivedAtMs: number;
}

/** A sign-in that may be written. */
export interface Admission {
  /** Whether its session had been entered by another sign-in: it may be the principal's already. */
  readonly wasEntered: boolean;
  /** What the session has for the time of its sign-in. */
  readonly signedInAtMs: number;
  /** Until when it may be written, by `performance.now()`. */
  readonly untilMs: number;
}

/** A request that is nearly as old as the last fence that is told of might be older than one that is not. */
const MAX_AGE_MS = FENCE_MS - 60_000;

/** How often it is asked which came first. */
const MAX_TRIES = 4;

/** What was found out when a session was entered. */
interface Found extends Entered, Pick<Admission, 'wasEntered'> {
  readonly askedAtMs: number;
  /** Whether the request may have come before the last fence. */
  readonly isOvertaken: boolean;
}

/** Whether a sign-in was refused, and nothing was written. */
export function isRefusal(error: unknown): boolean {
  return error instanceof SessionLimitError || error instanceof SignInRevokedError;
}

/** Admits sign-ins: none that a revocation has overtaken, and no more sessions than the limit. */
export class SignIns {
  constructor(
    private readonly sessions: Sessions,
    private readonly index: PrincipalIndex,
    private readonly limit?: SessionLimit,
  ) {}

  /**
   * Enters a session that exists, and that is then to be written as the principal's.
   * @throws SignInRevokedError, SessionLimitError, SessionBackendError
   */
  async admit(id: string, signIn: SignIn): Promise<Admission> {
    const { principal } = signIn;
    const { status, enteredAtMs, wasEntered, count, fenced, ...entered } = await this.#enter(
      id,
      signIn,
    );
    const own = { id, enteredAtMs };
    try {
      if (entered.isOvertaken) throw new SignInRevokedError();
      if (status === 'fenced') return await this.#admitAgain(own, signIn);
      if (this.limit && count > this.limit.maxSessions)
        await this.#makeRoom(principal, own, fenced);
    } catch (error) {
      // What was entered before may be the principal's session, of which the index must know.
      if (isRefusal(error) && !wasEntered) await this.index.leave(principal, [own]);
      throw error;
    }
    return { signedInAtMs: enteredAtMs, untilMs: entered.askedAtMs + LEASE_MS / 2, wasEntered };
  }

  /**
   * Enters it, and finds out which came first: the request, or the last fence. Of the fence's age it is known only that it was
   * told between asking and now, so where the request arrived in between it is asked again. The index does not enter what may
   * have been overtaken, as far as it can tell: it would count in the limit of others.
   */
  async #enter(id: string, { principal, absoluteMs, arrivedAtMs }: SignIn): Promise<Found> {
    let wasEntered = false;
    let ownMs: number | undefined;
    let laterThan: number | undefined;
    for (let tries = 1; ;) {
      const askedAtMs = performance.now();
      const request = { ageMs: askedAtMs - arrivedAtMs, laterThan };
      const entered = await this.index.enter(principal, id, absoluteMs, request);
      const { status, fence, beforeMs } = entered;
      wasEntered ||= beforeMs !== undefined && beforeMs !== ownMs;
      if (status === 'entered') ownMs = entered.enteredAtMs;
      const ageMs = performance.now() - arrivedAtMs;
      const fenceAgeMs = fence?.ageMs ?? Infinity;
      const isOvertaken = ageMs > MAX_AGE_MS || ageMs >= fenceAgeMs;
      const isInDoubt = isOvertaken && request.ageMs < fenceAgeMs && ageMs <= MAX_AGE_MS;
      if (isInDoubt && tries++ < MAX_TRIES) continue;
      if (isOvertaken || status !== 'doubtful')
        return { ...entered, wasEntered, askedAtMs, isOvertaken };
      laterThan = fence?.number;
    }
  }

  /** A sign-in that was admitted was not written, as its session is gone: it counts no longer. */
  async withdraw(id: string, { principal }: SignIn, admission: Admission): Promise<void> {
    if (!admission.wasEntered) await this.leave(principal, id, admission.signedInAtMs);
  }

  /** A revocation has not come to the session yet, or to a sign-in of before: do its part. */
  async #admitAgain(entry: IndexEntry, signIn: SignIn): Promise<Admission> {
    await this.#expelAll(signIn.principal, [entry], 'revoked');
    return this.admit(entry.id, signIn);
  }

  /** Before a session of the principal is given a longer life. */
  extend(principal: string, absoluteMs: number): Promise<void> {
    return this.index.extend(principal, absoluteMs);
  }

  /** After its session has ended. Where it fails, whoever reads the index finds out. */
  async leave(principal: string, id: string, signedInAtMs: number): Promise<void> {
    await this.index.leave(principal, [{ id, enteredAtMs: signedInAtMs }]).catch(() => {});
  }

  /**
   * Ends the oldest of the sessions that were there before, or refuses, where they leave no room. What a revocation has not come
   * to yet counts no longer: its part is done here.
   */
  async #makeRoom(principal: string, own: IndexEntry, fenced?: Fenced): Promise<void> {
    const { maxSessions, onLimit } = this.limit!;
    const counted: IndexEntry[] = [];
    for await (const page of pagesOf(this.index, principal, { afterMs: 0 })) {
      const isFenced = ({ id, enteredAtMs }: IndexEntry) =>
        fenced !== undefined && id !== fenced.exceptId && enteredAtMs <= fenced.untilMs;
      const all = page.filter(({ id }) => id !== own.id);
      await this.#expelAll(principal, all.filter(isFenced), 'revoked');
      const others = all.filter((entry) => !isFenced(entry));
      const found = await Promise.all(others.map((entry) => this.#find(principal, entry, own)));
      const dead = others.filter((_, i) => found[i] === 'dead');
      if (dead.length > 0) await this.index.leave(principal, dead);
      counted.push(...found.filter((one) => one !== 'dead' && one !== 'uncounted'));
    }
    if (counted.length < maxSessions) return;
    if (onLimit === 'refuse') throw new SessionLimitError(maxSessions);
    counted.sort((a, b) => a.enteredAtMs - b.enteredAtMs);
    const oldest = counted.slice(0, counted.length + 1 - maxSessions);
    await this.#expelAll(principal, oldest, 'limit');
  }

  async #expelAll(principal: string, entries: IndexEntry[], reason: EndReason): Promise<void> {
    await Promise.all(entries.map(({ id }) => expel(this.sessions, principal, id, reason)));
    await this.index.leave(principal, entries);
  }

  /** An entry that counts, with when its session was signed in, or is about to be; why it does not. */
  async #find(
    principal: string,
    entry: IndexEntry,
    own: IndexEntry,
  ): Promise<IndexEntry | 'dead' | 'uncounted'> {
    const { backend, lifetime } = this.sessions;
    const record = await backend.get(entry.id);
    if (!record) return 'dead';
    if (record[FIELD.version] !== undefined) return entry;
    // By the lifetimes of another deployment it may go on.
    if (expiresAtMs(record, lifetime) <= (backend.now?.() ?? Date.now())) return 'uncounted';
    if (record[FIELD.principal] === principal) {
      const signedInAtMs = Number(record[FIELD.signedInAtMs]);
      // Signed in again since, it counts by its earlier sign-in until that is written.
      if (signedInAtMs < own.enteredAtMs) return { ...entry, enteredAtMs: signedInAtMs };
      return 'uncounted';
    }
    if (entry.enteredAtMs > own.enteredAtMs) return 'uncounted';
    return own.enteredAtMs - entry.enteredAtMs <= LEASE_MS ? entry : 'dead';
  }
}
