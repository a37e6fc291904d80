import type { StepReport } from '../program.js';
import type { KnownEffect } from './known.js';
import type { Model } from './model.js';
import type { Verdict, Violation } from './violation.js';

/**
 * A list misses no session that was certainly signed in before it was asked for and that nothing can have ended before it was
 * answered; and it shows nobody else's. (What it shows of a session that had ended is a sight of the dead.)
 */
export function checkLists(model: Model): Verdict {
  const violations: Violation[] = [];
  let checked = 0;
  const signIns = model.effects.filter(({ kind, isSure }) => kind === 'signIn' && isSure);
  for (const { n, steps, reports = [] } of model.requests) {
    for (const [index, report] of reports.entries()) {
      const step = steps[index]!;
      if (step.op !== 'list' || !report.listed) continue;
      const others = report.listed.filter(({ principal }) => principal !== step.of);
      checked += report.listed.length;
      for (const { id, principal } of others) {
        const what = `request ${n} listed the sessions of ${step.of} and got one of ${principal ?? 'nobody'}`;
        violations.push({
          promise: 'whole-lists',
          session: model.lineage.of(id),
          what,
          requests: [n],
        });
      }
      const shown = new Set(report.listed.map(({ id }) => model.lineage.of(id)));
      const theirs = signIns.filter(({ value }) => value === step.of);
      for (const signIn of theirs.filter((each) => mustBeListed(model, each, report))) {
        checked++;
        if (shown.has(signIn.session)) continue;
        const what = `request ${n} listed the sessions of ${step.of}, without the one that request ${signIn.n} had signed in`;
        const { session } = signIn;
        violations.push({ promise: 'whole-lists', session, what, requests: [n, signIn.n] });
      }
    }
  }
  return { violations, checked: { 'whole-lists': checked } };
}

function mustBeListed(model: Model, signIn: KnownEffect, { fromMs, toMs }: StepReport): boolean {
  const { session, ackMs } = signIn;
  if (ackMs >= fromMs || model.isExempt(signIn.fromMs, ackMs)) return false;
  return model.isCertainlyAlive(session, toMs);
}
