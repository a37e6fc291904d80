import type { RequestEvent } from '../history.js';
import type { Sight, Step, StepReport } from '../program.js';
import { isEnd, isOwn } from './deeds.js';
import type { Model } from './model.js';
import type { Read } from './sights.js';

/** All that anybody saw of stored sessions, and where somebody must have seen one and saw none. */
export function readsOf(model: Model): readonly Read[] {
  return (model.reads ??= [
    ...model.sights,
    ...model.requests.flatMap((request) => [
      ...loadOf(model, request),
      ...(request.reports ?? []).flatMap((report, index) =>
        peekOf(model, request, request.steps[index]!, report),
      ),
    ]),
  ]);
}

function loadOf(model: Model, request: RequestEvent): Read[] {
  const { sight } = request;
  if (!sight?.isNew) return [];
  const session = model.lineage.ofToken(request.token);
  if (session === undefined || !mustLead(model, request, session)) return [];
  return [absence(request, session, sight)];
}

function peekOf(model: Model, request: RequestEvent, step: Step, report: StepReport): Read[] {
  if (step.op !== 'peek' || report.error !== undefined || report.sight) return [];
  const session = model.lineage.of(step.id);
  if (!model.hasGenerations && mayHaveMoved(model, session)) return [];
  if (!mustExist(model, session, request.n, report.toMs)) return [];
  return [absence(request, session, report)];
}

function absence(
  { n }: RequestEvent,
  session: string,
  { fromMs, toMs }: Pick<Sight, 'fromMs' | 'toMs'>,
): Read {
  return { n, session, fromMs, toMs, fields: {}, isAnonymous: true };
}

/** A library without generations gives a session a new id with each new token, so an id may be an old one. */
function mayHaveMoved({ bounds, ...model }: Model, session: string): boolean {
  if (bounds.renewMs < Infinity) return true;
  return model.endings.some((ending) => ending.kind === 'regenerate' && ending.session === session);
}

/**
 * Whether a request's token must lead to its session: an answer gave it before the request was sent, and until the
 * handler began nothing can have ended the session, replaced the token, or let either of them expire.
 */
function mustLead(model: Model, { n, token, askedMs, sight }: RequestEvent, session: string) {
  const given = model.tokens.get(token!);
  if (!given || given.headMs > askedMs || model.isExempt(given.headMs)) return false;
  const untilMs = sight!.toMs;
  // The request that was given the token may itself have replaced the one before, but not this one.
  const isReplaced = model
    .endingsOf(session)
    .some(
      (ending) =>
        ending.n !== given.n &&
        ending.kind !== 'expel' &&
        ending.fromMs <= untilMs &&
        ending.lastMs >= given.askedMs,
    );
  const { renewMs, graceMs } = model.bounds;
  if (isReplaced || untilMs > given.askedMs + renewMs + graceMs - RENEWAL_TOLERANCE_MS) {
    return false;
  }
  return mustExist(model, session, n, untilMs);
}

/** Grace is kept in whole seconds. */
const RENEWAL_TOLERANCE_MS = 1_000;

function mustExist(model: Model, session: string, n: number, untilMs: number): boolean {
  const isOver = model.endingsOf(session).some((ending) => {
    if (ending.fromMs > untilMs || isOwn(ending, n)) return false;
    return isEnd(ending) || (ending.kind === 'regenerate' && ending.lastMs === Infinity);
  });
  return !isOver && model.uses.isAliveAt(session, untilMs);
}
