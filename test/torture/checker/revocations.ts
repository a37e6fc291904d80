import type { KnownRevocation } from './known.js';
import type { Model } from './model.js';
import type { Read } from './sights.js';
import type { Verdict, Violation } from './violation.js';

/**
 * Everywhere is everywhere. After `revokeAll` has answered, a session is seen as the principal's only where some sign-in of it
 * came with a request that may have arrived after `revokeAll` was called: whatever existed, was being made, or was on its way
 * by then is not. The session that was to be left alone is another matter.
 *
 * A primary that was killed may take with it what it knew alone: the fence, an entry of the index, an end.
 */
export function checkRevocations(model: Model): Verdict {
  const violations: Violation[] = [];
  let checked = 0;
  const reads = model.sights.filter(({ principal }) => principal !== undefined);
  for (const revocation of model.revocations) {
    const { id, exceptId, principal, ackMs, isSure } = revocation;
    if (!isSure || id !== undefined) continue;
    for (const read of reads) {
      if (read.principal !== principal || read.session === exceptId || read.fromMs <= ackMs)
        continue;
      const signIns = signInsOf(model, read);
      if (signIns.length === 0 || signIns.some((each) => model.isExempt(each.fromMs, each.endMs))) {
        continue;
      }
      checked++;
      if (signIns.some(({ arrivedMs }) => arrivedMs >= revocation.fromMs)) continue;
      violations.push(
        violation(
          read,
          revocation,
          signIns.map(({ n }) => n),
        ),
      );
    }
  }
  return { violations, checked: { everywhere: checked } };
}

interface SignIn {
  readonly n: number;
  readonly fromMs: number;
  readonly endMs: number;
  readonly arrivedMs: number;
}

/** All that may have made the session the principal's before it was seen so. */
function signInsOf(model: Model, { principal, session, toMs }: Read): SignIn[] {
  return model
    .attemptsOf(principal!)
    .filter((each) => {
      const isIts = each.session === session || each.mayHaveMoved;
      return isIts && !each.isRefused && each.fromMs <= toMs;
    })
    .map(({ n, fromMs, lastMs, arrivedMs }) => {
      return { n, fromMs, endMs: Math.min(lastMs, toMs), arrivedMs };
    });
}

function violation(
  { n, session, principal }: Read,
  revocation: KnownRevocation,
  signIns: readonly number[],
): Violation {
  return {
    promise: 'everywhere',
    session,
    what: `request ${n} saw the session as ${principal}'s, though request ${revocation.n} had revoked all of these; its sign-in (request ${signIns.join(', ')}) had arrived before`,
    requests: [n, revocation.n, ...signIns],
  };
}
