import type { Step } from '../program.js';
import { groupBy } from './group-by.js';
import { isEnd } from './deeds.js';
import type { KnownEnding } from './known.js';
import type { Model } from './model.js';
import { readsOf } from './reads.js';
import type { Verdict, Violation } from './violation.js';

/**
 * The dead stay dead. A session whose end was acknowledged is seen by no request that was sent later; a token that was
 * replaced leads nowhere for a request that is sent after that was acknowledged.
 */
export function checkDead(model: Model): Verdict {
  const sessions = checkSessions(model);
  const tokens = checkTokens(model);
  const risen = checkRisen(model);
  const stale = checkStale(model);
  return {
    violations: [
      ...sessions.violations,
      ...tokens.violations,
      ...risen.violations,
      ...stale.violations,
    ],
    checked: {
      'dead-stay-dead': sessions.checked + risen.checked,
      'dead-tokens': tokens.checked + stale.checked,
    },
  };
}

interface Found {
  readonly violations: Violation[];
  readonly checked: number;
}

function checkSessions(model: Model): Found {
  const violations: Violation[] = [];
  let checked = 0;
  for (const { n, session, fromMs, isAnonymous } of readsOf(model)) {
    if (isAnonymous) continue;
    for (const ending of model.endingsOf(session)) {
      // What revokeAll has ended is looked at by itself.
      if (!isEnd(ending) || ending.kind === 'revokeAll' || !ending.isSure) continue;
      checked++;
      if (fromMs <= ending.ackMs) continue;
      violations.push({
        promise: 'dead-stay-dead',
        session,
        what: `request ${n} saw the session, though request ${ending.n} had ended it (${ending.kind})`,
        requests: [n, ending.n],
      });
    }
  }
  return { violations, checked };
}

function checkTokens(model: Model): Found {
  const violations: Violation[] = [];
  let checked = 0;
  const requestsOf = groupBy(model.requests, ({ token }) => token);
  for (const { token, by, session, deadMs, how } of deadTokens(model)) {
    for (const { n, askedMs, sight } of requestsOf.get(token) ?? []) {
      if (!sight || askedMs <= deadMs) continue;
      checked++;
      if (sight.isNew) continue;
      violations.push({
        promise: 'dead-tokens',
        session,
        what: `request ${n} came in with ${token}, though request ${by} had replaced it (${how})`,
        requests: [n, by],
      });
    }
  }
  return { violations, checked };
}

/** How far two processes may differ in what they know of Redis' clock, on a machine that is busy. */
const CLOCKS_APART_MS = 400;

/**
 * Nothing rises. A token that led nowhere after it had been given leads nowhere for all that is sent later: whatever
 * ended its session, a request that was under way must not have brought it back. Two things excuse it: data were deleted,
 * and a session that is left empty may be kept by a write that was under way; a primary was killed.
 */
function checkRisen(model: Model): Found {
  const violations: Violation[] = [];
  let checked = 0;
  const deletesOf = groupBy(
    model.effects.filter(({ kind }) => kind === 'delete'),
    ({ session }) => session,
  );
  if (model.nemeses.some(({ losesTail }) => losesTail)) return { violations, checked };
  for (const [token, requests] of groupBy(model.requests, (request) => request.token)) {
    const given = token === undefined ? undefined : model.tokens.get(token);
    if (!given) continue;
    const inOrder = requests.filter(({ sight }) => sight).sort((a, b) => a.askedMs - b.askedMs);
    const gone = inOrder.find(({ askedMs, sight }) => sight!.isNew && askedMs > given.headMs);
    if (!gone) continue;
    const goneMs = gone.sight!.toMs;
    // At its very end by time it is nothing to one process, and still there to another, whose look at Redis' clock took longer.
    const isAtEnd = !model.uses.isAliveAt(given.session, goneMs);
    const isEmptied = deletesOf.get(given.session)?.some(({ fromMs }) => fromMs <= goneMs);
    if (isEmptied) continue;
    for (const { n, askedMs, sight } of inOrder) {
      if (askedMs <= goneMs + (isAtEnd ? CLOCKS_APART_MS : 0)) continue;
      checked++;
      if (sight!.isNew) continue;
      const what = `request ${n} came in with ${token}, which had led request ${gone.n} to no session`;
      violations.push({
        promise: 'dead-stay-dead',
        session: given.session,
        what,
        requests: [n, gone.n],
      });
    }
  }
  return { violations, checked };
}

/**
 * Nor does a token work on that was replaced under its request: what a handler comes to after that was acknowledged goes
 * nowhere. Its session was read before the regenerate began, so it is of another generation, whoever's regenerate it was.
 * Nothing is concluded of a handler that reads its session again, or replaces it.
 */
function checkStale(model: Model): Found {
  const violations: Violation[] = [];
  let checked = 0;
  const readsByValue = firstReads(model);
  for (const { n, session, kind, field, value, fromMs } of model.effects) {
    const { sight, steps } = model.request(n);
    if (kind !== 'set' || !sight || sight.isNew || steps.some(isOther)) continue;
    const ending = model.endingsOf(session).find((each) => {
      const isBetween = sight.toMs < each.fromMs && each.ackMs < fromMs;
      return each.kind === 'regenerate' && each.isSure && each.n !== n && isBetween;
    });
    if (!ending) continue;
    checked++;
    const seenBy = readsByValue.get(value!);
    if (seenBy === undefined) continue;
    const what = `request ${seenBy} read ${field} = ${value}, which the handler of request ${n} set after request ${ending.n} had replaced its token (regenerate)`;
    violations.push({
      promise: 'dead-tokens',
      session,
      what,
      requests: [seenBy, n, ending.n],
    });
  }
  return { violations, checked };
}

function isOther({ op }: Step): boolean {
  return ['regenerate', 'reload', 'destroy', 'signIn', 'signOut'].includes(op);
}

/** Which request saw each value first. */
function firstReads(model: Model): Map<string, number> {
  const first = new Map<string, number>();
  for (const { n, fields } of readsOf(model)) {
    for (const value of Object.values(fields)) {
      if (typeof value === 'string' && !first.has(value)) first.set(value, n);
    }
  }
  return first;
}

interface DeadToken {
  readonly token: string;
  readonly session: string;
  /** The request that replaced it, and since when that is certain. */
  readonly by: number;
  readonly deadMs: number;
  readonly how: string;
}

function* deadTokens(model: Model): Generator<DeadToken> {
  for (const { token, ending } of replacedTokens(model)) {
    const { session, ackMs, n } = ending;
    yield { token, session, by: n, deadMs: ackMs, how: 'regenerate' };
  }
  yield* renewedTokens(model);
}

/** Grace may be kept in whole seconds. */
const GRACE_TOLERANCE_MS = 1_500;

/** Tokens that a renewal has replaced: their client was given another one for the same session, and grace is over. */
function* renewedTokens(model: Model): Generator<DeadToken> {
  for (const { n, token, cookie, headMs, outcome, sight, steps } of model.requests) {
    if (typeof cookie !== 'object' || token === undefined || token === cookie.token) continue;
    if (outcome !== 'ok' || !sight || sight.isNew || model.isExempt(headMs!)) continue;
    const session = model.lineage.of(sight.id);
    const isRenewal = steps.every((step) => !isOther(step));
    if (!isRenewal || model.lineage.ofToken(cookie.token) !== session) continue;
    const deadMs = headMs! + model.bounds.graceMs + GRACE_TOLERANCE_MS;
    yield { token, session, by: n, deadMs, how: 'renewal' };
  }
}

/**
 * Tokens that an acknowledged regenerate has replaced. Whether that request's own change took place or another one's had
 * before it, what it came with is dead; with it each token that the session's clients had been given before it was sent.
 */
export function* replacedTokens(model: Model): Generator<{ token: string; ending: KnownEnding }> {
  for (const ending of model.endings) {
    if (ending.kind !== 'regenerate' || !ending.isSure) continue;
    if (ending.token !== undefined) yield { token: ending.token, ending };
    const { askedMs } = model.request(ending.n);
    for (const [token, { session, headMs }] of model.tokens) {
      if (token === ending.token || session !== ending.session || headMs >= askedMs) continue;
      yield { token, ending };
    }
  }
}
