import { groupBy } from './group-by.js';
import type { Model } from './model.js';
import { readsOf } from './reads.js';
import type { Verdict, Violation } from './violation.js';

/**
 * A session that was signed in, or refused a sign-in, goes on: a token that must lead to it does. (Others may have been emptied;
 * what they hold is looked at field by field.)
 */
export function checkGoesOn(model: Model): Verdict {
  const signIns = groupBy(
    model.effects.filter(({ kind, isSure }) => kind === 'signIn' && isSure),
    ({ session }) => session,
  );
  const deletes = groupBy(
    model.effects.filter(({ kind }) => kind === 'delete'),
    ({ session }) => session,
  );
  const refusals = groupBy(model.refusals, ({ id }) => model.lineage.of(id));
  const violations: Violation[] = [];
  const checked = { 'goes-on': 0, 'refused-as-it-was': 0 };
  for (const { n, session, fromMs, toMs, isAnonymous } of readsOf(model)) {
    const refusal = refusals.get(session)?.findLast((each) => each.toMs < fromMs);
    const signIn = signIns.get(session)?.findLast((each) => each.ackMs < fromMs);
    const isEmptied = deletes.get(session)?.some((each) => each.fromMs <= toMs);
    const by = refusal ?? signIn;
    if (!by || (!signIn && isEmptied)) continue;
    const promise = refusal ? 'refused-as-it-was' : 'goes-on';
    checked[promise]++;
    if (!isAnonymous) continue;
    const why = refusal ? 'was refused to sign in there' : `had signed ${signIn!.value} in there`;
    const what = `request ${n} found no session, though request ${by.n} ${why}, and nothing has ended it`;
    violations.push({ promise, session, what, requests: [n, by.n] });
  }
  return { violations, checked };
}
