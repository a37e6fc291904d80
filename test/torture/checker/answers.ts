import type { CrashEvent, RequestEvent } from '../history.js';
import { isIntended, STATUS, type Step } from '../program.js';
import type { Model } from './model.js';
import type { Verdict, Violation } from './violation.js';

/** For a machine that is busy with all of this at once. */
const SLACK_MS = 3_000;
/** Loading, committing, and what a commit does again after a lost answer. */
const OWN_OPERATIONS = 4;
/** How many operations a step may take, one after another. */
const OPERATIONS: Partial<Record<Step['op'], number>> = {
  save: 1,
  reload: 1,
  regenerate: 1,
  destroy: 1,
  peek: 1,
  list: 3,
  revoke: 3,
  signOut: 2,
  revokeAll: 6,
  // Those of the limit too, and all once more in a new session.
  signIn: 12,
};
/** How long after a fault the backend may still be away, for connections are tried anew only now and then. */
const RECOVERY_MS = 3_000;

/** No 500: an answer is what its handler meant, or 503, or says that its session was gone. */
export function checkStatuses({ requests }: Model, crashes: readonly CrashEvent[]): Verdict {
  const violations: Violation[] = requests.flatMap((request) => {
    const { n, status, kind } = request;
    if (status === undefined || status === 503 || isIntended(status, request)) return [];
    const what = `request ${n} was answered with ${status} instead of ${STATUS[kind]}`;
    return [{ promise: 'no-500', what, requests: [n] }];
  });
  for (const { app, what, atMs } of crashes) {
    const under = requests.filter(({ askedMs, endMs = Infinity, ...request }) => {
      return request.app === app && askedMs <= atMs && endMs >= atMs;
    });
    const told = `application ${app} ended by itself: ${what}`;
    violations.push({ promise: 'no-500', what: told, requests: under.map(({ n }) => n) });
  }
  return { violations, checked: { 'no-500': requests.length } };
}

/** No hang: each operation on the backend has its limit, so each request has one; and no connection is cut. */
export function checkHangs(model: Model, crashes: readonly CrashEvent[]): Verdict {
  const violations: Violation[] = [];
  let checked = 0;
  for (const request of model.requests) {
    const { n, app, askedMs, endMs, failure, outcome } = request;
    const wasStopped = model.nemeses.some(
      ({ cutsAnswers, fromMs, toMs = Infinity, ...nemesis }) =>
        cutsAnswers && nemesis.app === app && fromMs <= (endMs ?? Infinity) && toMs >= askedMs,
    );
    // The crash is what is wrong, and is told by itself.
    const hasCrashed = crashes.some(
      (crash) =>
        crash.app === app && crash.atMs >= askedMs && crash.atMs <= (endMs ?? Infinity) + 1_000,
    );
    if (wasStopped || hasCrashed || failure === 'aborted' || outcome === 'fail') continue;
    checked++;
    const boundMs = boundOf(model, request);
    const tookMs = (endMs ?? Infinity) - askedMs;
    const isCut = failure !== undefined && request.sight !== undefined;
    if (tookMs <= boundMs && !isCut) continue;
    const how = isCut ? `was cut off (${failure})` : `took ${Math.round(tookMs)} ms`;
    const what = `request ${n} ${how}; its bound is ${boundMs} ms`;
    violations.push({ promise: 'no-hang', what, requests: [n] });
  }
  return { violations, checked: { 'no-hang': checked } };
}

function boundOf({ bounds }: Model, { steps }: RequestEvent): number {
  const sleepMs = steps.reduce((sum, step) => sum + (step.op === 'sleep' ? step.ms : 0), 0);
  const operations = steps.reduce((sum, { op }) => sum + (OPERATIONS[op] ?? 0), 0);
  return sleepMs + (operations + OWN_OPERATIONS) * bounds.backendTimeoutMs + SLACK_MS;
}

/** Sessions are there again once the backend is: a 503 has a cause that is not long over. */
export function checkRecovery(model: Model): Verdict {
  const violations: Violation[] = [];
  let checked = 0;
  for (const { n, askedMs, headMs, status } of model.requests) {
    if (headMs === undefined || model.isDisturbed(askedMs - RECOVERY_MS, headMs)) continue;
    checked++;
    if (status !== 503) continue;
    const what = `request ${n} was answered with 503, though nothing had been wrong for ${RECOVERY_MS} ms`;
    violations.push({ promise: 'back-again', what, requests: [n] });
  }
  return { violations, checked: { 'back-again': checked } };
}
