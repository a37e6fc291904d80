import { groupBy } from './group-by.js';
import type { Model } from './model.js';
import type { Read } from './sights.js';
import type { Verdict, Violation } from './violation.js';

/** From when until when a session was certainly a principal's, and by which requests that is known. */
interface Span {
  readonly session: string;
  /** It can't have been signed in before. */
  readonly signInMs: number;
  readonly fromMs: number;
  readonly signedInBy: number;
  readonly reads: readonly Read[];
}

/**
 * The limit is exact. A session is its principal's from when its sign-in was acknowledged, or it was first seen so, until it
 * was last seen so: it can't have been anything else in between. At no time are there more of these than the limit.
 */
export function checkLimit(model: Model): Verdict {
  const { maxSessions } = model.bounds;
  const violations: Violation[] = [];
  let checked = 0;
  if (maxSessions === Infinity) return { violations, checked: { 'exact-limit': checked } };
  const seen = model.sights.filter(({ principal }) => principal !== undefined);
  for (const [principal, reads] of groupBy(seen, (read) => read.principal!)) {
    const spans = spansOf(model, principal, reads);
    for (const { fromMs } of spans) {
      checked++;
      const alive = spans.flatMap((span) => {
        const proof = span.fromMs <= fromMs && span.reads.find((read) => read.fromMs > fromMs);
        return proof ? [{ ...span, proof }] : [];
      });
      const firstMs = Math.min(...alive.map(({ signInMs }) => signInMs));
      if (alive.length <= maxSessions || model.isExempt(firstMs, fromMs)) continue;
      const proofs = alive.map(({ proof }) => proof).sort((a, b) => b.fromMs - a.fromMs);
      const signIns = alive.map(({ signedInBy }) => signedInBy);
      violations.push({
        promise: 'exact-limit',
        session: proofs[0]!.session,
        what: `${principal} had ${alive.length} sessions at once, of requests ${signIns.join(', ')}; the limit is ${maxSessions}`,
        requests: [...new Set([...proofs.map(({ n }) => n), ...signIns])],
      });
      break;
    }
  }
  return { violations, checked: { 'exact-limit': checked } };
}

function spansOf(model: Model, principal: string, reads: readonly Read[]): Span[] {
  const signIns = groupBy(
    model.effects.filter(
      ({ kind, isSure, value }) => kind === 'signIn' && isSure && value === principal,
    ),
    ({ session }) => session,
  );
  return [...groupBy(reads, ({ session }) => session)].map(([session, own]) => {
    const inOrder = own.toSorted((a, b) => a.fromMs - b.fromMs);
    const firstSeen = own.reduce((first, read) => (read.toMs < first.toMs ? read : first));
    const acknowledged = signIns.get(session)?.reduce((a, b) => (b.ackMs < a.ackMs ? b : a));
    const isFirst = acknowledged && acknowledged.ackMs < firstSeen.toMs;
    const fromMs = isFirst ? acknowledged.ackMs : firstSeen.toMs;
    const attempts = model.attemptsOf(principal, session);
    const signInMs = attempts[0]?.fromMs ?? fromMs;
    const signedInBy = isFirst ? acknowledged.n : (attempts[0]?.n ?? firstSeen.n);
    return { session, signInMs, fromMs, signedInBy, reads: inOrder };
  });
}
