import type { Model } from './model.js';
import type { Read } from './sights.js';
import type { Verdict, Violation } from './violation.js';

/**
 * A session is whose a sign-in has made it, which no other ever changes: nobody's before, and nobody else's after. One that was
 * refused has made it nobody's.
 */
export function checkWhose(model: Model): Verdict {
  const signIns = model.effects.filter(({ kind, isSure }) => kind === 'signIn' && isSure);
  const firsts = new Map(signIns.toReversed().map((signIn) => [signIn.session, signIn]));
  const violations: Violation[] = [];
  for (const read of model.sights) {
    const { n, session, principal } = read;
    if (principal === undefined) {
      const signIn = firsts.get(session);
      if (!signIn || signIn.ackMs >= read.fromMs || model.isExempt(signIn.fromMs, signIn.ackMs))
        continue;
      const what = `request ${n} saw the session as nobody's, though request ${signIn.n} had signed ${signIn.value} in`;
      violations.push({ promise: 'whose', session, what, requests: [n, signIn.n] });
    } else if (!isExplained(model, read, principal)) {
      const refused = model.attemptsOf(principal, session).filter((each) => each.isRefused);
      const how = refused.length > 0 ? 'that sign-in was refused' : 'nobody signed them in there';
      const what = `request ${n} saw the session as ${principal}'s, though ${how}`;
      const requests = [n, ...refused.map((each) => each.n)];
      const promise = refused.length > 0 ? 'refused-as-it-was' : 'whose';
      violations.push({ promise, session, what, requests });
    }
  }
  return { violations, checked: { whose: model.sights.length } };
}

function isExplained(model: Model, { session, toMs }: Read, principal: string): boolean {
  return model.attemptsOf(principal).some((each) => {
    const isIts = each.session === session || each.mayHaveMoved;
    return isIts && !each.isRefused && each.fromMs <= toMs;
  });
}
