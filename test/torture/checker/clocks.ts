import type { RequestEvent, WatchEvent } from '../history.js';
import { groupBy } from './group-by.js';
import type { Model } from './model.js';
import type { Verdict, Violation } from './violation.js';

/** For scheduling, and for uses that are noted while their response goes on. */
const TOLERANCE_MS = 400;
/** How much later a use may be noted that something held up. */
const TROUBLE_MS = 5_000;

/**
 * Both clocks, from above: a request that was sent later than the last use can have been noted plus the idle timeout,
 * or than the session can have been made plus the absolute one, must not see it. (That none is ended too early is seen
 * by registers: a token that must lead to its session reads each field of it.)
 */
export function checkClocks(model: Model): Verdict {
  const requests = model.requests.filter(({ sight }) => sight && !sight.isNew);
  const violations: Violation[] = [];
  let checked = 0;
  for (const [session, seen] of groupBy(requests, ({ sight }) => model.lineage.of(sight!.id))) {
    const life = longestLife(model, session);
    const madeMs = firstMadeMs(model, session);
    const inOrder = [...seen, ...socketsOf(model, session)].sort((a, b) => a.askedMs - b.askedMs);
    let lastUseMs = madeMs;
    for (const use of inOrder) {
      if (use.type === 'request') {
        checked++;
        const startMs = lastStartMs(model, session, madeMs, use.askedMs);
        const by = overdue(use, lastUseMs, startMs, life);
        if (by) violations.push(violation(session, use, by));
      }
      lastUseMs = Math.max(lastUseMs, lastNoteMs(model, use));
    }
  }
  return { violations, checked: { 'both-clocks': checked } };
}

/** By when a session has certainly ended by time, whatever was asked of it; `Infinity` where that is not known. */
export function lastAliveMs(model: Model, session: string): number {
  const uses = [
    ...model.requests.filter(({ sight }) => sight && model.lineage.of(sight.id) === session),
    ...socketsOf(model, session),
  ];
  const { idleMs, absoluteMs } = longestLife(model, session);
  const madeMs = firstMadeMs(model, session);
  const lastUseMs = uses.reduce((latest, use) => Math.max(latest, lastNoteMs(model, use)), madeMs);
  const startMs = lastStartMs(model, session, madeMs, Infinity);
  return Math.min(lastUseMs + idleMs, startMs + absoluteMs) + TOLERANCE_MS;
}

/** A handshake is a use, whether or not it is known what it saw. */
function socketsOf({ watches, lineage }: Model, session: string): WatchEvent[] {
  return watches.filter(({ form, token }) => {
    return form === 'socket' && lineage.ofToken(token) === session;
  });
}

interface Life {
  readonly idleMs: number;
  readonly absoluteMs: number;
}

/** The longest that the session may have been given. */
function longestLife({ bounds, requests, lineage }: Model, session: string): Life {
  let { idleMs, absoluteMs } = bounds;
  for (const { sight, steps } of requests) {
    for (const step of steps) {
      if (step.op !== 'lifetime' || !sight || lineage.of(sight.id) !== session) continue;
      idleMs = Math.max(idleMs, step.idle * 1000);
      absoluteMs = Math.max(absoluteMs, step.absolute * 1000);
    }
  }
  return { idleMs, absoluteMs };
}

/** When it was made, at the latest; `Infinity` where nobody saw that. */
function firstMadeMs(model: Model, session: string): number {
  const made = [...model.tokens.values()].filter((token) => token.session === session);
  const first = made.reduce((least, { headMs }) => Math.min(least, headMs), Infinity);
  const isSeen = made.some(({ n }) => model.request(n).sight?.isNew);
  return isSeen ? first : Infinity;
}

/** From when on its absolute timeout may count: a sign-in begins it anew. */
function lastStartMs(model: Model, session: string, madeMs: number, askedMs: number): number {
  const signIns = model.attempts.filter((each) => {
    return each.session === session && !each.isRefused && each.fromMs <= askedMs;
  });
  return signIns.reduce((latest, { lastMs }) => Math.max(latest, lastMs), madeMs);
}

/** When a use can have been noted, at the latest. */
function lastNoteMs(model: Model, use: RequestEvent | WatchEvent): number {
  if (use.type === 'watch') {
    return (use.sight?.toMs ?? use.askedMs) + model.bounds.backendTimeoutMs + TROUBLE_MS;
  }
  const { askedMs, endMs, answeredMs, reports, outcome } = use;
  if (endMs === undefined || (outcome !== 'ok' && !reports)) return Infinity;
  const overMs = Math.max(endMs, answeredMs ?? 0) + model.bounds.backendTimeoutMs;
  return overMs + (outcome !== 'ok' || model.isDisturbed(askedMs, overMs) ? TROUBLE_MS : 0);
}

function overdue({ askedMs }: RequestEvent, lastUseMs: number, madeMs: number, life: Life) {
  const idleMs = askedMs - lastUseMs - life.idleMs;
  const absoluteMs = askedMs - madeMs - life.absoluteMs;
  if (idleMs > TOLERANCE_MS) return `${Math.round(idleMs)} ms after its idle timeout`;
  if (absoluteMs > TOLERANCE_MS) return `${Math.round(absoluteMs)} ms after its absolute timeout`;
  return undefined;
}

function violation(session: string, { n }: RequestEvent, by: string): Violation {
  const what = `request ${n} saw the session ${by}`;
  return { promise: 'both-clocks', session, what, requests: [n] };
}
