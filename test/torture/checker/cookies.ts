import type { RequestEvent } from '../history.js';
import { replacedTokens } from './dead.js';
import { isEnd } from './deeds.js';
import { groupBy } from './group-by.js';
import type { KnownEnding } from './known.js';
import type { Model } from './model.js';
import type { Verdict, Violation } from './violation.js';

/** A head may have been on its way, or its session been found alive just before: counted apart. */
const CLOSE_MS = 100;
/** For so long a request with a replaced token is sent no cookie at all. */
const REPLACED_MS = 60_000;

/**
 * No cookie of the dead. A head can't have left before its handler began to answer. Where that was after an end was
 * acknowledged, the head must not carry a token of what was ended then; nor may a request whose token was replaced be
 * sent any cookie, or the one of the sign-in that replaced it is lost.
 */
export function checkCookies(model: Model): Verdict {
  const violations: Violation[] = [];
  const replaced = groupBy(replacedTokens(model), ({ token }) => token);
  let [checked, close] = [0, 0];
  for (const request of model.requests) {
    const { cookie, answeredMs, outcome } = request;
    if (cookie === undefined || answeredMs === undefined || outcome !== 'ok') continue;
    for (const { ending, what } of forbidden(model, request, replaced)) {
      checked++;
      const lateMs = answeredMs - ending.ackMs;
      if (lateMs <= 0) continue;
      if (lateMs <= CLOSE_MS) close++;
      else violations.push(violation(request, ending, what, lateMs));
    }
  }
  return { violations, checked: { 'no-dead-cookies': checked }, close };
}

interface Forbidden {
  readonly ending: KnownEnding;
  /** What must not be sent once it is acknowledged. */
  readonly what: string;
}

type Replaced = ReadonlyMap<string, readonly { ending: KnownEnding }[]>;

function forbidden(model: Model, request: RequestEvent, replaced: Replaced): Forbidden[] {
  const { n, cookie, token } = request;
  const found: Forbidden[] = [];
  if (typeof cookie === 'object') {
    const session = model.lineage.ofToken(cookie.token);
    for (const ending of session === undefined ? [] : model.endingsOf(session)) {
      if (!isEnd(ending) || !ending.isSure || ending.n === n) continue;
      found.push({ ending, what: `${cookie.token}, a token of the session` });
    }
    for (const { ending } of replaced.get(cookie.token) ?? []) {
      if (ending.n !== n) found.push({ ending, what: `the replaced token ${cookie.token}` });
    }
  }
  if (token !== undefined && !decidesItself(request)) {
    for (const { ending } of replaced.get(token) ?? []) {
      if (ending.n === n || !isFreshlyReplaced(model, request, ending)) continue;
      found.push({ ending, what: `a cookie in answer to the replaced token ${token}` });
    }
  }
  return found;
}

/** What a handler itself ends or renews it is told the outcome of, in the order in which that took place. */
function decidesItself({ steps }: RequestEvent): boolean {
  return steps.some(({ op }) => ['regenerate', 'destroy', 'signIn', 'signOut'].includes(op));
}

/** Whether the session goes on under its new token, so that the old one is known as replaced. */
function isFreshlyReplaced(model: Model, request: RequestEvent, ending: KnownEnding): boolean {
  const untilMs = request.headMs!;
  if (untilMs > ending.fromMs + REPLACED_MS) return false;
  const hasEnded = model
    .endingsOf(ending.session)
    .some((each) => isEnd(each) && each.fromMs <= untilMs);
  return !hasEnded && model.uses.isAliveAt(ending.session, untilMs);
}

function violation(
  { n }: RequestEvent,
  ending: KnownEnding,
  what: string,
  lateMs: number,
): Violation {
  return {
    promise: 'no-dead-cookies',
    session: ending.session,
    what: `request ${n} was sent ${what}, ${Math.round(lateMs)} ms after request ${ending.n} had been told of the ${ending.kind}`,
    requests: [n, ending.n],
  };
}
