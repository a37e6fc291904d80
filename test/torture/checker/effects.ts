import type { RequestEvent } from '../history.js';
import type { Left, Step, StepReport } from '../program.js';
import type { Deeds, Ending, Refusal } from './deeds.js';
import { Draft } from './draft.js';
import { NEVER, refusedBy, RequestEnd, type Times } from './request-end.js';

export function deedsOf(request: RequestEvent): Deeds {
  return new Walk(request).run();
}

/** Follows a handler through its steps. */
class Walk {
  readonly #draft: Draft;
  readonly #deeds: Deeds;
  readonly #end: RequestEnd;
  #id: string;
  #isNew: boolean;
  /** Whose the handler sees the session to be. */
  #principal: string | undefined;
  /** When a new token was asked for that is not saved yet. */
  #regenerateMs: number | undefined;
  /** Whose the session is to be by what is not saved yet. */
  #signIn: { readonly as: string; readonly fromMs: number } | undefined;
  /** What a sign-in as somebody else ends when it is saved. */
  #replaced: { readonly id: string; readonly fromMs: number } | undefined;
  /** Which session it was meant for, where it has gone on in another. */
  #movedFrom: string | undefined;
  /** Whether what could not be saved by a step is saved by the answer, where it may be too late for its session. */
  #isTriedAgain = false;
  /** Whether the session can't be saved any more, for what was set. */
  #isSpoiled = false;

  constructor(private readonly request: RequestEvent) {
    const { sight } = request;
    this.#end = new RequestEnd(request);
    this.#draft = new Draft(sight?.fields);
    const { takenBack } = this.#draft;
    this.#deeds = { effects: [], endings: [], refusals: [], revocations: [], takenBack };
    this.#id = sight?.id ?? '';
    this.#isNew = sight?.isNew ?? true;
    this.#principal = sight?.principal;
  }

  run(): Deeds {
    const { sight, steps, reports } = this.request;
    if (!sight || this.request.outcome === 'fail') return this.#deeds;
    for (const [index, step] of steps.entries()) {
      const report = reports?.[index];
      // Of a process that was killed nobody knows how far it came: as far as it could.
      if (reports && !report) break;
      this.#step(step, report ?? this.#unknown(sight.toMs));
      if (report?.error !== undefined) break;
    }
    this.#saveAtTheEnd();
    return this.#deeds;
  }

  #step(step: Step, report: StepReport): void {
    const { fromMs, error, sight, id, isNew } = report;
    const hasFailed = error !== undefined;
    const draft = this.#draft;
    switch (step.op) {
      case 'set':
      case 'nest':
        draft.set(step.key, step.value, fromMs);
        break;
      case 'delete':
      case 'take':
        draft.delete(step.key, fromMs);
        break;
      case 'clear':
        draft.clear(fromMs);
        break;
      case 'spoil':
        this.#isSpoiled = true;
        break;
      case 'increment':
        draft.add(step.key, step.by, fromMs);
        break;
      case 'lifetime':
        draft.note({ kind: 'life', field: '$life', life: lifeOf(step), fromMs });
        break;
      case 'save':
        this.#save(report);
        break;
      case 'reload':
        if (!hasFailed) draft.reload(sight?.fields ?? {});
        break;
      case 'regenerate':
        this.#regenerate(step.keep, fromMs);
        break;
      case 'signIn':
        this.#signInAs(step.as, step.keep, fromMs);
        break;
      case 'signOut':
        this.#ends('destroy', this.#id, fromMs, hasFailed);
        draft.carry(step.keep ?? [], fromMs);
        this.#isElsewhere();
        break;
      case 'destroy':
        this.#ends('destroy', this.#id, fromMs, hasFailed);
        draft.reload({});
        this.#isElsewhere();
        break;
      case 'revoke':
        if (step.of === undefined) this.#ends('revoke', step.id, fromMs, hasFailed);
        else this.#revoke(step.of, report, step.id);
        break;
      case 'revokeAll':
        this.#revoke(step.of, report);
    }
    if (this.request.reports) {
      this.#id = id;
      this.#isNew = isNew;
    }
    if (step.op === 'signOut' || step.op === 'destroy') this.#principal = undefined;
  }

  #save(report: StepReport): void {
    const { error, toMs } = report;
    const refusal = refusedBy(error);
    if (refusal) return this.#refuse(refusal, toMs);
    if (error === undefined) this.#become(report);
    else this.#isTriedAgain = true;
    this.#flush(error === undefined ? { ackMs: toMs, lastMs: toMs } : this.#end.times);
  }

  /** A new token. */
  #regenerate(keep: readonly string[] | undefined, fromMs: number): void {
    // A token that was replaced led to no session, and what was set goes nowhere; or it led to none at all.
    if (this.#isNew && this.request.token !== undefined) this.#draft.doubt();
    if (keep) this.#draft.retain(keep, fromMs);
    if (!this.#isNew) this.#regenerateMs = fromMs;
  }

  /** Of a session that is somebody else's the fields that are kept go on in a new one. */
  #signInAs(as: string, keep: readonly string[] | undefined, fromMs: number): void {
    if (this.#principal === undefined || this.#principal === as) {
      this.#regenerate(keep, fromMs);
    } else {
      if (!this.#isNew) this.#replaced = { id: this.#id, fromMs };
      this.#regenerateMs = undefined;
      this.#isElsewhere();
      this.#draft.carry(keep ?? [], fromMs);
    }
    this.#principal = as;
    this.#signIn = { as, fromMs };
    this.#draft.note({ kind: 'signIn', field: '$principal', value: as, fromMs });
  }

  /** What comes next is in a new session, whose id only a report says. */
  #isElsewhere(): void {
    this.#id = `unknown, by ${this.request.n}`;
    this.#isNew = true;
  }

  /** A sign-in that was refused has left all as it was. */
  #refuse(kind: Refusal['kind'], toMs: number): void {
    const { as, fromMs } = this.#signIn!;
    const id = this.#replaced?.id ?? this.#id;
    this.#deeds.refusals.push({ n: this.request.n, id, principal: as, kind, fromMs, toMs });
    this.#draft.refuse();
    this.#regenerateMs = undefined;
    this.#signIn = undefined;
    this.#replaced = undefined;
  }

  #revoke(principal: string, { fromMs, toMs, error, except }: StepReport, id?: string): void {
    const isDone = error === undefined && toMs < Infinity;
    const times = isDone ? { ackMs: toMs, lastMs: toMs } : NEVER;
    this.#deeds.revocations.push({
      n: this.request.n,
      principal,
      fromMs,
      endMs: toMs < Infinity ? toMs : (this.request.endMs ?? Infinity),
      ...times,
      ...(id !== undefined && { id }),
      ...(except !== undefined && { exceptId: except }),
    });
  }

  /** It is known only when the response has closed which session took what is not saved yet. */
  #saveAtTheEnd(): void {
    const { status, headMs } = this.request;
    const { left, times, hasFailed } = this.#end;
    const refusal = this.#signIn && !hasFailed ? refusedBy(status) : undefined;
    if (refusal) {
      // Nothing else is saved then either.
      this.#draft.void();
      return this.#refuse(refusal, headMs!);
    }
    if (left) this.#become(left);
    this.#flush(this.#mayHaveMoved ? { ...times, ackMs: Infinity } : times);
  }

  /** Whether a new token was asked for that is not saved yet. */
  get #isPending(): boolean {
    return this.#regenerateMs !== undefined || this.#signIn !== undefined;
  }

  get #mayHaveMoved(): boolean {
    return this.#isPending && (this.#isTriedAgain || !this.#end.left);
  }

  /**
   * A new token is one change with what was set for it. Where somebody else had ended the session by then, all that goes
   * on in a new one, and what was there before is left as it is.
   */
  #become({ id, isNew }: Left): void {
    if (!this.#isPending || id === this.#id || !isNew) return;
    this.#movedFrom = this.#id;
    this.#regenerateMs = undefined;
    this.#id = id;
    this.#isNew = true;
    this.#draft.move();
  }

  #ends(kind: Ending['kind'], id: string, fromMs: number, hasFailed: boolean): void {
    if (kind === 'destroy' && this.#isNew) return;
    const { outcome, headMs } = this.request;
    const isOk = outcome === 'ok' && !hasFailed && !this.#end.hasFailed;
    const times = isOk ? { ackMs: headMs!, lastMs: headMs! } : NEVER;
    this.#deeds.endings.push({ n: this.request.n, id, kind, fromMs, ...times });
  }

  #flush({ ackMs, lastMs }: Times): void {
    if (this.#isSpoiled) {
      // All that is not saved is one change, of which nothing can be stored: no token is replaced either.
      this.#draft.void();
      this.#regenerateMs = undefined;
      return;
    }
    const hasFailed = ackMs === Infinity;
    const mayHaveMoved = this.#mayHaveMoved;
    if (this.#regenerateMs !== undefined) {
      this.#ends('regenerate', this.#id, this.#regenerateMs, hasFailed);
    }
    if (this.#replaced) this.#ends('replace', this.#replaced.id, this.#replaced.fromMs, hasFailed);
    for (const { isDoubtful, ...pending } of this.#draft.flush()) {
      const isUnsure = hasFailed || isDoubtful === true;
      this.#deeds.effects.push({
        ...pending,
        n: this.request.n,
        id: this.#id,
        ackMs: isUnsure ? Infinity : ackMs,
        // One that only adds is never over anything: it may come late, but only once.
        lastMs: pending.kind === 'add' && isUnsure ? Infinity : lastMs,
        // Nobody but the client who gets its token ever sees a new session.
        isAcknowledged: !isUnsure && (!this.#isNew || this.#end.hasToken),
        isNew: this.#isNew,
        mayHaveMoved,
        movedFrom: this.#movedFrom,
      });
    }
    this.#regenerateMs = undefined;
    this.#signIn = undefined;
    this.#replaced = undefined;
  }

  #unknown(atMs: number): StepReport {
    return { fromMs: atMs, toMs: Infinity, id: this.#id, isNew: this.#isNew };
  }
}

function lifeOf({ idle, absolute }: { idle: number; absolute: number }) {
  return { idleMs: idle * 1000, absoluteMs: absolute * 1000 };
}
