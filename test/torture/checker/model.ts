import type { Bounds, History, NemesisEvent, RequestEvent } from '../history.js';
import type { Sight } from '../program.js';
import type { Deeds, Effect, Ending } from './deeds.js';
import { deedsOf } from './effects.js';
import { groupBy } from './group-by.js';
import { Lineage } from './lineage.js';
import { Uses } from './uses.js';

/** How long before the end of a primary its replica may lack what was acknowledged: it is told after the client. */
const REPLICATION_LAG_MS = 1_000;
/** An effect, with what the rest of the history says of it. */
export interface KnownEffect extends Effect {
  readonly session: string;
  /** Whether it was certainly stored: acknowledged, and nothing may have ended the session under its request. */
  readonly isSure: boolean;
}

export interface KnownEnding extends Ending {
  readonly session: string;
  readonly isSure: boolean;
  /** For `regenerate`: the token that its request brought. */
  readonly token: string | undefined;
}

/** A token as the answer that first gave it says. */
export interface GivenToken {
  readonly n: number;
  readonly askedMs: number;
  readonly headMs: number;
  readonly session: string;
}

/** A stored session as somebody saw it. */
export interface Read {
  readonly n: number;
  readonly session: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly fields: Sight['fields'];
  /** Whether its token, which must lead to the session, led to none: each field is seen as absent. */
  readonly isAnonymous: boolean;
}

/** What a history says, in terms of sessions: what was done, and between which times. */
export class Model {
  readonly requests: readonly RequestEvent[];
  readonly nemeses: readonly NemesisEvent[];
  readonly bounds: Bounds;
  readonly lineage: Lineage;
  readonly tokens = new Map<string, GivenToken>();
  readonly effects: readonly KnownEffect[];
  readonly endings: readonly KnownEnding[];
  /** Values that no request may ever see, with the request that took them back. */
  readonly takenBack = new Map<string, number>();
  readonly uses: Uses;
  /** How many acknowledgements are exempt since a primary was killed before it may have told its replica. */
  exempt = 0;
  readonly #endingsOf: Map<string, KnownEnding[]>;
  readonly #byNumber: Map<number, RequestEvent>;

  constructor({ bounds, events }: History) {
    this.bounds = bounds;
    this.requests = events.filter((event) => event.type === 'request');
    this.nemeses = events.filter((event) => event.type === 'nemesis');
    this.#byNumber = new Map(this.requests.map((request) => [request.n, request]));
    this.lineage = new Lineage(this.requests);
    for (const request of this.requests) this.#addToken(request);
    const deeds = this.requests.map(deedsOf);
    for (const [index, { takenBack }] of deeds.entries()) {
      for (const value of takenBack) this.takenBack.set(value, this.requests[index]!.n);
    }
    this.endings = this.#endings(deeds);
    this.#endingsOf = groupBy(this.endings, ({ session }) => session);
    this.uses = new Uses(bounds, this.requests, this.lineage);
    this.effects = this.#effects(deeds);
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

  /** Whether what was acknowledged then may have been lost with a primary. */
  isExempt(atMs: number): boolean {
    return this.nemeses.some(
      ({ losesTail, fromMs, toMs = Infinity }) =>
        losesTail && fromMs - REPLICATION_LAG_MS <= atMs && atMs <= toMs,
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

  /** Whether a session may have ended, or its tokens been replaced, by another request between these times. */
  mayBeOver(session: string, n: number, fromMs: number, toMs: number): boolean {
    return this.endingsOf(session).some((ending) => {
      if (ending.n === n || ending.fromMs > toMs) return false;
      // A session that was ended stays so; a token that was replaced says nothing of requests that bring the new one.
      return ending.kind !== 'regenerate' || ending.lastMs >= fromMs;
    });
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
