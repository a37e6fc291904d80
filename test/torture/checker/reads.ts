import type { RequestEvent } from '../history.js';
import type { Sight, Step, StepReport } from '../program.js';
import type { Model, Read } from './model.js';

/** All that anybody saw of stored sessions: when a handler began, reloaded, or looked up an id. */
export function readsOf(model: Model): Read[] {
  return model.requests.flatMap((request) => [
    ...loadOf(model, request),
    ...(request.reports ?? []).flatMap((report, index) =>
      stepReadOf(model, request, request.steps[index]!, report),
    ),
  ]);
}

function loadOf(model: Model, request: RequestEvent): Read[] {
  const { n, sight } = request;
  if (!sight) return [];
  if (!sight.isNew) return [read(model, n, sight)];
  const session = model.lineage.ofToken(request.token);
  if (session === undefined || !mustLead(model, request, session)) return [];
  const { fromMs, toMs } = sight;
  return [{ n, session, fromMs, toMs, fields: {}, isAnonymous: true }];
}

function stepReadOf(
  model: Model,
  { n }: RequestEvent,
  step: Step,
  { error, isNew, fromMs, toMs, sight }: StepReport,
): Read[] {
  if (error !== undefined) return [];
  if (step.op === 'reload') return isNew || !sight ? [] : [read(model, n, sight)];
  if (step.op !== 'peek') return [];
  if (sight) return [read(model, n, sight)];
  const session = model.lineage.of(step.id);
  if (!model.hasGenerations && mayHaveMoved(model, session)) return [];
  if (!mustExist(model, session, n, toMs)) return [];
  return [{ n, session, fromMs, toMs, fields: {}, isAnonymous: true }];
}

/** A library without generations gives a session a new id with each new token, so an id may be an old one. */
function mayHaveMoved({ bounds, ...model }: Model, session: string): boolean {
  if (bounds.renewMs < Infinity) return true;
  return model.endings.some((ending) => ending.kind === 'regenerate' && ending.session === session);
}

function read(model: Model, n: number, { fromMs, toMs, id, fields }: Sight): Read {
  return { n, session: model.lineage.of(id), fromMs, toMs, fields, isAnonymous: false };
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
        ending.n !== given.n && ending.fromMs <= untilMs && ending.lastMs >= given.askedMs,
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
  const isOver = model.endingsOf(session).some(({ kind, fromMs, ...ending }) => {
    if (fromMs > untilMs || ending.n === n) return false;
    return kind !== 'regenerate' || ending.lastMs === Infinity;
  });
  return !isOver && model.uses.isAliveAt(session, untilMs);
}
