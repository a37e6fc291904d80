import { holdersOf, overTimes } from './attempts.js';
import type { Refusal } from './deeds.js';
import type { Model } from './model.js';
import type { Verdict, Violation } from './violation.js';

/**
 * A sign-in is refused for the limit only where, all the while, as many other sessions may have been the principal's or about
 * to be; and as revoked only where a `revokeAll` may have come between its request's arrival and its refusal. The two are
 * compared by their ages when the answer is there, so that a request seems older by what its answer took.
 */
export function checkRefusals(model: Model): Verdict {
  const violations: Violation[] = [];
  for (const refusal of model.refusals) {
    const why = refusal.kind === 'limit' ? ofRoom(model, refusal) : ofRevocations(model, refusal);
    if (why === undefined) continue;
    const { n, principal, id } = refusal;
    const what = `request ${n} was refused to sign in ${principal}, though ${why}`;
    const session = model.lineage.of(id);
    violations.push({ promise: 'refused-for-cause', session, what, requests: [n] });
  }
  return { violations, checked: { 'refused-for-cause': model.refusals.length } };
}

function ofRoom(model: Model, { n, principal }: Refusal): string | undefined {
  const { maxSessions } = model.bounds;
  const attempts = model.attemptsOf(principal);
  const own = attempts.find((each) => each.n === n)!;
  const others = attempts.filter((each) => each.n !== n);
  const revocations = model.revocations.filter((each) => each.principal === principal);
  const holders = holdersOf(others, own, overTimes(others, revocations, model.endings));
  if (holders.size >= maxSessions) return undefined;
  return `there were ${holders.size} others at the most, and the limit is ${maxSessions}`;
}

function ofRevocations(model: Model, { n, principal, fromMs, toMs }: Refusal): string | undefined {
  const { askedMs } = model.request(n);
  const hasCause = model.revocations.some(
    (each) =>
      each.principal === principal &&
      each.id === undefined &&
      each.fromMs <= toMs &&
      each.lastMs >= askedMs - (toMs - fromMs),
  );
  return hasCause ? undefined : 'nobody revoked all of theirs since it arrived';
}
