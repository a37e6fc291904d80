import type { RequestEvent } from '../history.js';
import { type Deeds, isEnd, type Refusal } from './deeds.js';
import { groupBy } from './group-by.js';
import type { Attempt, KnownEnding, KnownRevocation } from './known.js';
import type { Lineage } from './lineage.js';

/**
 * All sign-ins, in order of their beginning. One that went on in another session is there for both.
 * @param mayBeStored whether one that was refused may have been stored before, without an answer, and ended by what it was refused for
 */
export function attemptsOf(
  deeds: readonly Deeds[],
  lineage: Lineage,
  request: (n: number) => RequestEvent,
  mayBeStored: (refusal: Refusal) => boolean,
): Attempt[] {
  const attempt = (of: Tried, more: Partial<Attempt> = {}): Attempt => ({
    n: of.n,
    session: lineage.of(of.id),
    principal: of.principal,
    fromMs: of.fromMs,
    lastMs: of.lastMs,
    ackMs: Infinity,
    isRefused: true,
    pendingMs: of.lastMs,
    mayHaveMoved: false,
    arrivedMs: request(of.n).sight!.toMs,
    ...more,
  });
  const attempts = deeds.flatMap(({ effects, refusals }) => [
    ...refusals.map((refusal) =>
      attempt({ ...refusal, lastMs: refusal.toMs }, { isRefused: !mayBeStored(refusal) }),
    ),
    ...effects.flatMap(({ kind, movedFrom, isAcknowledged, mayHaveMoved, ...effect }) => {
      if (kind !== 'signIn') return [];
      const tried = { ...effect, principal: effect.value! };
      const ackMs = isAcknowledged ? effect.ackMs : Infinity;
      const own = attempt(tried, { ackMs, isRefused: false, mayHaveMoved });
      return movedFrom === undefined ? [own] : [own, attempt({ ...tried, id: movedFrom })];
    }),
  ]);
  return attempts
    .map((one) =>
      attempts.some((other) => isBeside(one, other)) ? { ...one, pendingMs: Infinity } : one,
    )
    .sort((a, b) => a.fromMs - b.fromMs);
}

type Tried = Pick<Attempt, 'n' | 'principal' | 'fromMs' | 'lastMs'> & { readonly id: string };

function isBeside(one: Attempt, other: Attempt): boolean {
  if (one.n === other.n || one.session !== other.session) return false;
  if (one.principal !== other.principal) return false;
  return one.fromMs <= other.lastMs && other.fromMs <= one.lastMs;
}

/** From when on each of a principal's sessions leaves room: its end, or a revocation before which all its sign-ins had come. */
export function overTimes(
  attempts: readonly Attempt[],
  revocations: readonly KnownRevocation[],
  endings: readonly KnownEnding[],
): Map<string, number> {
  const overMs = new Map<string, number>();
  const note = (session: string, ackMs: number) =>
    overMs.set(session, Math.min(ackMs, overMs.get(session) ?? Infinity));
  for (const ending of endings) {
    if (isEnd(ending) && ending.isSure) note(ending.session, ending.ackMs);
  }
  for (const [session, own] of groupBy(attempts, (attempt) => attempt.session)) {
    for (const { isSure, id, exceptId, fromMs, ackMs } of revocations) {
      if (!isSure || id !== undefined || session === exceptId) continue;
      if (own.every(({ arrivedMs }) => arrivedMs < fromMs)) note(session, ackMs);
    }
  }
  return overMs;
}

/** The sessions that may count beside a sign-in's own while it takes place, and were signed in after a time. */
export function holdersOf(
  attempts: readonly Attempt[],
  by: Attempt,
  overMs: ReadonlyMap<string, number>,
  sinceMs = -Infinity,
): Set<string> {
  const holders = new Set<string>();
  for (const { n, session, fromMs, lastMs, isRefused, pendingMs, mayHaveMoved } of attempts) {
    if (lastMs < sinceMs || fromMs > by.lastMs) continue;
    if (isRefused && pendingMs < by.fromMs) continue;
    if ((overMs.get(session) ?? Infinity) >= by.fromMs) holders.add(session);
    if (mayHaveMoved) holders.add(`of ${n}`);
  }
  return holders;
}
