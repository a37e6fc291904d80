import type { Bounds, History, NemesisEvent, RequestEvent, WatchEvent } from '../history.js';
import { attemptsOf } from './attempts.js';
import {
  type Deeds,
  type Effect,
  type Ending,
  isEnd,
  isOwn,
  type Refusal,
  type Revocation,
} from './deeds.js';
import { deedsOf } from './effects.js';
import { groupBy } from './group-by.js';
import type { Attempt, GivenToken, KnownEffect, KnownEnding, KnownRevocation } from './known.js';
import { Lineage } from './lineage.js';
import { settled, suspectedEndings } from './principal-endings.js';
import { type Read, sightsOf } from './sights.js';
import { Uses } from './uses.js';

/** How long before the end of a primary its replica may lack what was acknowledged: it is told after the client. */
const REPLICATION_LAG_MS = 1_000;
/** How long operations go on after they were given up, and what was held up takes after a fault. */
const LATE_MS = 2_000;

/** What a history says, in terms of sessions: what was done, and between which times. */
export class Model {
  readonly requests: readonly RequestEvent[];
  readonly nemeses: readonly NemesisEvent[];
  readonly watches: readonly WatchEvent[];
  /** When the last answer was there. */
  readonly lastMs: number;
  readonly bounds: Bounds;
  readonly lineage: Lineage;
  readonly tokens = new Map<string, GivenToken>();
  readonly effects: readonly KnownEffect[];
  endings: readonly KnownEnding[];
  /** Values that no request may ever see, with the request that took them back. */
  readonly takenBack = new Map<string, number>();
  readonly uses: Uses;
  /** All that anybody saw of stored sessions. */
  readonly sights: readonly Read[];
  /** As `readsOf` gives them. */
  reads: readonly Read[] | undefined;
  readonly attempts: readonly Attempt[];
  readonly #attemptsOf: Map<string, Attempt[]>;
  readonly refusals: readonly Refusal[];
  readonly revocations: readonly KnownRevocation[];
  /** How many acknowledgements are exempt since a primary was killed before it may have told its replica. */
  exempt = 0;
  #endingsOf: Map<string, KnownEnding[]>;
  readonly #byNumber: Map<number, RequestEvent>;

  constructor({ bounds, events }: History) {
    this.bounds = bounds;
    this.requests = events.filter((event) => event.type === 'request');
    this.nemeses = events.filter((event) => event.type === 'nemesis');
    this.watches = events.filter((event) => event.type === 'watch');
    this.lastMs = this.requests.reduce((last, { endMs = 0 }) => Math.max(last, endMs), 0);
    this.#byNumber = new Map(this.requests.map((request) => [request.n, request]));
    this.lineage = new Lineage(this.requests);
    for (const request of this.requests) this.#addToken(request);
    const deeds = this.requests.map(deedsOf);
    for (const [index, { takenBack }] of deeds.entries()) {
      for (const value of takenBack) this.takenBack.set(value, this.requests[index]!.n);
    }
    this.sights = sightsOf(this.requests, this.lineage);
    this.refusals = deeds.flatMap(({ refusals }) => refusals);
    this.revocations = deeds
      .flatMap(({ revocations }) => revocations)
      .map((each) => this.#revocation(each));
    const own = this.#endings(deeds);
    this.attempts = attemptsOf(
      deeds,
      this.lineage,
      (n) => this.request(n),
      (refusal) => this.#hasLostAnswers(refusal),
    );
    this.#attemptsOf = groupBy(this.attempts, ({ principal }) => principal);
    this.endings = [...own, ...suspectedEndings(this, own)];
    this.#endingsOf = groupBy(this.endings, ({ session }) => session);
    this.uses = new Uses(bounds, this.requests, this.lineage, this.#slowestMs);
    this.effects = this.#effects(deeds);
    this.endings = settled(this.endings, this.effects);
    this.#endingsOf = groupBy(this.endings, ({ session }) => session);
  }

  request(n: number): RequestEvent {
    return this.#byNumber.get(n)!;
  }

  /** Whether the library tells what changes with each new token, since the id does not. */
  get hasGenerations(): boolean {
    return this.requests.some(({ sight }) => sight?.generation !== undefined);
  }

  endingsOf(session: string): readonly KnownEnding[] {
    return this.#endingsOf.get(session) ?? [];
  }

  /** Whether what was acknowledged then, or done between two times, may have been lost with a primary. */
  isExempt(atMs: number, untilMs = atMs): boolean {
    return this.nemeses.some(
      ({ losesTail, fromMs, toMs = Infinity }) =>
        losesTail && fromMs - REPLICATION_LAG_MS <= untilMs && atMs <= toMs,
    );
  }

  isDisturbed(fromMs: number, toMs: number, app?: number): boolean {
    return this.nemeses.some(
      (nemesis) =>
        nemesis.fromMs <= toMs &&
        (nemesis.toMs ?? Infinity) >= fromMs &&
        (app === undefined || nemesis.app === undefined || nemesis.app === app),
    );
  }

  /** Whether nothing can have ended a session by then. */
  isCertainlyAlive(session: string, untilMs: number): boolean {
    const isOver = this.endingsOf(session).some((each) => isEnd(each) && each.fromMs <= untilMs);
    return !isOver && this.uses.isAliveAt(session, untilMs);
  }

  /** All sign-ins as a principal; of one session where it is given. */
  attemptsOf(principal: string, session?: string): readonly Attempt[] {
    const all = this.#attemptsOf.get(principal) ?? [];
    return session === undefined ? all : all.filter((each) => each.session === session);
  }

  /** Whether a session may have ended, or its tokens been replaced, by another request between these times. */
  mayBeOver(session: string, n: number, fromMs: number, toMs: number): boolean {
    return this.endingsOf(session).some((ending) => {
      if (isOwn(ending, n) || ending.fromMs > toMs) return false;
      // A session that was ended stays so; a token that was replaced says nothing of requests that bring the new one.
      return isEnd(ending) || ending.lastMs >= fromMs;
    });
  }

  /** By when all that was under way between two times is over, what a fault has held up too. */
  settledMs(fromMs: number, toMs: number): number {
    const faults = this.nemeses.filter((each) => {
      return each.fromMs <= toMs && (each.toMs ?? Infinity) >= fromMs;
    });
    return Math.max(toMs, ...faults.map((each) => each.toMs ?? Infinity)) + LATE_MS;
  }

  /** The longest time in which Redis or an application did not answer for want of a machine. */
  get #slowestMs(): number {
    const slow = this.nemeses.filter(({ name }) => name === 'slow');
    return slow.reduce((longest, { fromMs, toMs = fromMs }) => Math.max(longest, toMs - fromMs), 0);
  }

  #revocation(revocation: Revocation): KnownRevocation {
    const { id, exceptId, fromMs, endMs, ackMs } = revocation;
    const isDone = ackMs < Infinity;
    return {
      ...revocation,
      ...(id !== undefined && { id: this.lineage.of(id) }),
      ...(exceptId !== undefined && { exceptId: this.lineage.of(exceptId) }),
      lookedMs: isDone ? ackMs : endMs + LATE_MS,
      lastMs: isDone ? ackMs : this.settledMs(fromMs, endMs),
      isSure: isDone && !this.isExempt(fromMs, ackMs),
    };
  }

  /** Whether answers of the server may have been lost to a sign-in. */
  #hasLostAnswers({ n, kind, fromMs, toMs }: Refusal): boolean {
    const { app } = this.request(n);
    const faults = this.nemeses.filter(({ name }) => name !== 'slow');
    return (
      kind === 'revoked' &&
      faults.some(
        (each) =>
          each.fromMs <= toMs && (each.toMs ?? Infinity) >= fromMs && (each.app ?? app) === app,
      )
    );
  }

  #addToken({ n, cookie, askedMs, headMs }: RequestEvent): void {
    if (typeof cookie !== 'object' || this.tokens.has(cookie.token)) return;
    const session = this.lineage.ofToken(cookie.token);
    if (session === undefined) return;
    this.tokens.set(cookie.token, { n, askedMs, headMs: headMs!, session });
  }

  #endings(deeds: readonly Deeds[]): KnownEnding[] {
    const endings = deeds.flatMap((each) => each.endings).filter((each) => !this.#isRefused(each));
    return endings.map((ending) => ({
      ...ending,
      session: this.lineage.of(ending.id),
      isSure: ending.ackMs < Infinity && !this.#exempts(ending.ackMs),
      token: this.request(ending.n).token,
    }));
  }

  /**
   * Whether a regenerate certainly did not take place: it got 503, and all the while Redis answered and refused each
   * write. As it is one change, with what was set after it, the old token is as it was.
   */
  #isRefused({ n, kind, fromMs }: Ending): boolean {
    const { status, headMs, askedMs } = this.request(n);
    if (kind !== 'regenerate' || status !== 503) return false;
    const isWithin = ({ refuses }: NemesisEvent) =>
      refuses !== undefined && refuses.fromMs <= fromMs && headMs! <= refuses.toMs;
    const others = this.nemeses.filter((nemesis) => nemesis.refuses === undefined);
    const isUndisturbed = others.every(
      (each) => each.fromMs > headMs! || (each.toMs ?? Infinity) < askedMs,
    );
    return isUndisturbed && this.nemeses.some(isWithin);
  }

  /** In order of acknowledgement, since each says how long its session lives from there on. */
  #effects(deeds: readonly Deeds[]): KnownEffect[] {
    const effects = deeds.flatMap((each) => each.effects).sort(byAcknowledgement);
    return effects.map((effect) => {
      const session = this.lineage.of(effect.id);
      const isSure = effect.isAcknowledged && this.#isSure(effect, session);
      if (isSure) this.uses.add(session, effect, this.request(effect.n).askedMs);
      return { ...effect, session, isSure };
    });
  }

  #isSure({ n, ackMs, isNew }: Effect, session: string): boolean {
    const { askedMs } = this.request(n);
    if (this.#exempts(ackMs) || this.mayBeOver(session, n, askedMs, ackMs)) return false;
    return isNew || this.uses.isAliveAt(session, ackMs);
  }

  #exempts(atMs: number): boolean {
    const isExempt = this.isExempt(atMs);
    if (isExempt) this.exempt++;
    return isExempt;
  }
}

function byAcknowledgement(a: Effect, b: Effect): number {
  return a.ackMs === b.ackMs ? 0 : a.ackMs < b.ackMs ? -1 : 1;
}
