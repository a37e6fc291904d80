import type { History } from '../history.js';
import { checkHangs, checkRecovery, checkStatuses } from './answers.js';
import { checkClocks } from './clocks.js';
import { checkCookies } from './cookies.js';
import { checkCounters } from './counters.js';
import { checkDead } from './dead.js';
import { checkEnds } from './ends.js';
import { checkGoesOn } from './goes-on.js';
import { checkLimit } from './limit.js';
import { checkLists } from './lists.js';
import { Model } from './model.js';
import { checkRefusals } from './refusals.js';
import { checkRegisters } from './registers.js';
import { checkRevocations } from './revocations.js';
import { checkIds, checkValues } from './values.js';
import type { Check, PromiseName, Verdict, Violation } from './violation.js';
import { checkWhose } from './whose.js';

export interface Judgement {
  readonly violations: readonly Violation[];
  readonly checked: Readonly<Partial<Record<PromiseName, number>>>;
  /** Cookies that came so close to the end of their session that nobody can tell. */
  readonly close: number;
  /** Acknowledgements that a failover may have lost. */
  readonly exempt: number;
}

/** Decides from a history alone what was kept and what was broken. */
export function check(history: History): Judgement {
  const model = new Model(history);
  const crashes = history.events.filter((event) => event.type === 'crash');
  const checks: Check[] = [
    checkRegisters,
    checkCounters,
    checkDead,
    checkCookies,
    checkClocks,
    checkValues,
    checkIds,
    checkRevocations,
    checkLists,
    checkLimit,
    checkRefusals,
    checkEnds,
    checkWhose,
    checkGoesOn,
    (each) => checkStatuses(each, crashes),
    (each) => checkHangs(each, crashes),
    checkRecovery,
  ];
  const verdicts = checks.map((each) => each(model));
  return {
    violations: distinct(verdicts.flatMap(({ violations }) => violations)),
    checked: Object.assign({}, ...verdicts.map((verdict: Verdict) => verdict.checked)) as Partial<
      Record<PromiseName, number>
    >,
    close: verdicts.reduce((sum, { close = 0 }) => sum + close, 0),
    exempt: model.exempt,
  };
}

/** One for each cause: what every later request sees as well says nothing new. */
function distinct(violations: readonly Violation[]): Violation[] {
  const causes = new Map<string, Violation>();
  for (const violation of violations) {
    const { promise, session, requests } = violation;
    const [witness, ...others] = requests;
    const cause = [promise, session, ...(others.length > 0 ? others : [witness])].join(' ');
    if (!causes.has(cause)) causes.set(cause, violation);
  }
  return [...causes.values()];
}
