import type { Bounds } from '../history.js';
import { holdersOf, overTimes } from './attempts.js';
import { groupBy } from './group-by.js';
import type { Attempt, KnownEffect, KnownEnding, KnownRevocation } from './known.js';
import type { Read } from './sights.js';

/** What is known before anything is concluded from it. */
interface Past {
  readonly bounds: Bounds;
  readonly attempts: readonly Attempt[];
  readonly revocations: readonly KnownRevocation[];
  readonly sights: readonly Read[];
  settledMs(fromMs: number, toMs: number): number;
}

/**
 * What revocations and the limit may have ended: each session that may have been the principal's. One that was seen after all
 * of that was over has not ended, but what was under way in it may have been refused.
 * @param own the endings that requests asked for by themselves
 */
export function suspectedEndings(past: Past, own: readonly KnownEnding[]): KnownEnding[] {
  const seenMs = new Map<string, number>();
  for (const { session, fromMs } of past.sights) {
    seenMs.set(session, Math.max(fromMs, seenMs.get(session) ?? 0));
  }
  const byPrincipal = groupBy(past.attempts, ({ principal }) => principal);
  const suspected = [...byPrincipal].flatMap(([principal, attempts]) => {
    const bySession = groupBy(attempts, ({ session }) => session);
    const revocations = past.revocations.filter((each) => each.principal === principal);
    const overMs = overTimes(attempts, revocations, own);
    return [
      ...revocations.flatMap((revocation) => byRevocation(revocation, bySession)),
      ...byLimit(past, attempts, bySession, overMs),
    ];
  });
  return suspected.map((ending) => {
    const hasGoneOn = ending.lastMs < (seenMs.get(ending.session) ?? 0);
    return hasGoneOn ? { ...ending, kind: 'expel' as const } : ending;
  });
}

/** Those that are known to have ended, now that it is known which sessions were certainly a principal's. */
export function settled(
  endings: readonly KnownEnding[],
  effects: readonly KnownEffect[],
): KnownEnding[] {
  const signIns = groupBy(
    effects.filter(({ kind, isSure }) => kind === 'signIn' && isSure),
    ({ session }) => session,
  );
  return endings.map((ending) => {
    const { revoked, session, fromMs } = ending;
    const wasTheirs =
      revoked &&
      signIns.get(session)?.some((each) => each.value === revoked.principal && each.ackMs < fromMs);
    return wasTheirs ? { ...ending, kind: revoked.kind, isSure: true } : ending;
  });
}

type BySession = ReadonlyMap<string, readonly Attempt[]>;

function byRevocation(revocation: KnownRevocation, bySession: BySession): KnownEnding[] {
  const { n, principal, id, exceptId, fromMs, ackMs, lookedMs, lastMs, isSure } = revocation;
  return [...bySession].flatMap(([session, attempts]) => {
    if (session === exceptId || (id !== undefined && session !== id)) return [];
    const before = attempts.filter((each) => each.fromMs <= lookedMs);
    if (before.length === 0) return [];
    const isOnlyRefused = before.every((each) => each.isRefused);
    if (isOnlyRefused && before.every((each) => each.pendingMs < fromMs)) return [];
    const kind = id === undefined ? 'revokeAll' : 'revoke';
    return [
      {
        n,
        id: session,
        session,
        token: undefined,
        kind: isOnlyRefused ? 'expel' : kind,
        fromMs,
        ackMs,
        // A change has its deadline; a deletion has none.
        lastMs: isOnlyRefused ? lookedMs : lastMs,
        isSure: false,
        ...(isSure && { revoked: { principal, kind } }),
      },
    ];
  });
}

/**
 * A sign-in may end another session of its principal where as many others may have been signed in later: the oldest is the
 * first to go.
 */
function byLimit(
  past: Past,
  attempts: readonly Attempt[],
  bySession: BySession,
  overMs: ReadonlyMap<string, number>,
): KnownEnding[] {
  const { maxSessions, onLimit } = past.bounds;
  if (onLimit === 'refuse' || maxSessions === Infinity) return [];
  return [...bySession].flatMap(([session, own]) =>
    attempts.flatMap((by): KnownEnding[] => {
      const isOver = (overMs.get(session) ?? Infinity) < by.fromMs;
      if (by.session === session || isOver || own[0]!.fromMs > by.lastMs) return [];
      const acknowledged = own.filter(({ ackMs }) => ackMs < by.fromMs);
      const sinceMs = (acknowledged.at(-1) ?? own[0]!).fromMs;
      const later = holdersOf(attempts, by, overMs, sinceMs);
      later.delete(session);
      if (later.size < maxSessions) return [];
      const isOnlyRefused = own.every((each) => each.isRefused);
      if (isOnlyRefused && own.every((each) => each.pendingMs < by.fromMs)) return [];
      const isDone = by.ackMs < Infinity;
      const lastMs = isDone ? by.ackMs : past.settledMs(by.fromMs, by.lastMs);
      const kind = isOnlyRefused ? 'expel' : 'limit';
      const times = { fromMs: by.fromMs, ackMs: Infinity, lastMs };
      return [{ n: by.n, id: session, session, token: undefined, kind, isSure: false, ...times }];
    }),
  );
}
