import type { RequestEvent } from '../history.js';
import type { Left, Step, StepReport } from '../program.js';
import type { Deeds, Effect, Ending } from './deeds.js';

type Pending = Pick<Effect, 'kind' | 'field' | 'except' | 'value' | 'by' | 'life' | 'fromMs'>;
/** When something was acknowledged, and until when it can happen. */
interface Times {
  readonly ackMs: number;
  readonly lastMs: number;
}

const NEVER: Times = { ackMs: Infinity, lastMs: Infinity };

export function deedsOf(request: RequestEvent): Deeds {
  return new Walk(request).run();
}

/** Follows a handler through its steps. */
class Walk {
  readonly #deeds: Deeds = { effects: [], endings: [], takenBack: [] };
  /** The fields that the handler sees, and those of them that are stored. */
  #view: Set<string>;
  #stored: Set<string>;
  #pending: Pending[] = [];
  #id: string;
  #isNew: boolean;
  /** When a new token was asked for that is not saved yet. */
  #regenerateMs: number | undefined;
  /** Whether the session can't be saved any more, for what was set. */
  #isSpoiled = false;

  constructor(private readonly request: RequestEvent) {
    const { sight } = request;
    this.#view = new Set(Object.keys(sight?.fields ?? {}));
    this.#stored = new Set(this.#view);
    this.#id = sight?.id ?? '';
    this.#isNew = sight?.isNew ?? true;
  }

  run(): Deeds {
    const { sight, steps, reports } = this.request;
    if (!sight || this.request.outcome === 'fail') return this.#deeds;
    for (const [index, step] of steps.entries()) {
      const report = reports?.[index];
      // Of a process that was killed nobody knows how far it came: as far as it could.
      if (reports && !report) break;
      this.#step(step, report ?? unknownStep(this.#id, this.#isNew, sight.toMs));
      if (report?.error !== undefined) break;
    }
    this.#saveAtTheEnd();
    return this.#deeds;
  }

  /** What the answer says of all that is not saved yet. */
  #atTheEnd(): Times {
    const { outcome, status, headMs, reports } = this.request;
    const hasFailed = !reports || reports.some(({ error }) => error !== undefined);
    if (outcome === 'ok' && !hasFailed) return { ackMs: headMs!, lastMs: headMs! };
    // Promise: what was answered with 503 is stored by then, or never over what is newer.
    const isRefused = status === 503 || outcome === 'ok';
    return { ackMs: Infinity, lastMs: isRefused ? headMs! : Infinity };
  }

  #step(step: Step, report: StepReport): void {
    const { fromMs, toMs, error, sight, id, isNew } = report;
    const hasFailed = error !== undefined;
    switch (step.op) {
      case 'set':
      case 'nest':
        this.#set(step.key, step.value, fromMs);
        break;
      case 'delete':
      case 'take':
        this.#delete(step.key, fromMs);
        break;
      case 'clear':
        for (const field of this.#view) this.#delete(field, fromMs);
        break;
      case 'spoil':
        this.#isSpoiled = true;
        break;
      case 'increment':
        this.#view.add(step.key);
        this.#pending.push({ kind: 'add', field: step.key, by: step.by, fromMs });
        break;
      case 'lifetime':
        this.#pending.push({ kind: 'life', field: '$life', life: lifeOf(step), fromMs });
        break;
      case 'save':
        if (!hasFailed) this.#become({ id, isNew });
        this.#flush(hasFailed ? this.#atTheEnd() : { ackMs: toMs, lastMs: toMs });
        break;
      case 'reload':
        if (!hasFailed) this.#reload(Object.keys(sight?.fields ?? {}));
        break;
      case 'regenerate':
        this.#regenerate(step.keep, fromMs);
        break;
      case 'destroy':
        this.#end('destroy', this.#id, fromMs, hasFailed);
        this.#reload([]);
        break;
      case 'revoke':
        this.#end('revoke', step.id, fromMs, hasFailed);
    }
    this.#id = id;
    this.#isNew = isNew;
  }

  #set(field: string, value: string, fromMs: number): void {
    this.#drop(field);
    this.#view.add(field);
    this.#pending.push({ kind: 'set', field, value, fromMs });
  }

  /** Only what the handler saw is deleted: what another request has set meanwhile, in a field that was not there, stays. */
  #delete(field: string, fromMs: number): void {
    this.#drop(field);
    this.#view.delete(field);
    if (this.#stored.has(field)) this.#pending.push({ kind: 'delete', field, fromMs });
  }

  /** A new token: the fields that are not kept are gone, those too that other requests have set meanwhile. */
  #regenerate(keep: readonly string[] | undefined, fromMs: number): void {
    if (keep) {
      for (const field of this.#view) if (!keep.includes(field)) this.#delete(field, fromMs);
      this.#pending.push({ kind: 'delete', field: '*', except: keep, fromMs });
    }
    if (!this.#isNew) this.#regenerateMs = fromMs;
  }

  /** It is known only when the response has closed which session took what is not saved yet. */
  #saveAtTheEnd(): void {
    const { left } = this.request;
    if (left) this.#become(left);
    const times = this.#atTheEnd();
    const isUnsure = this.#regenerateMs !== undefined && !left;
    this.#flush(isUnsure ? { ...times, ackMs: Infinity } : times);
  }

  /**
   * A regenerate is one change with what was set for it. Where somebody else had ended the session by then, all that goes
   * on in a new one, and what was there before is left as it is.
   */
  #become({ id, isNew }: Left): void {
    if (this.#regenerateMs === undefined || id === this.#id || !isNew) return;
    this.#regenerateMs = undefined;
    this.#id = id;
    this.#isNew = true;
    this.#pending = this.#pending.filter(({ kind }) => kind !== 'delete');
  }

  #end(kind: Ending['kind'], id: string, fromMs: number, hasFailed: boolean): void {
    if (kind === 'destroy' && this.#isNew) return;
    const { outcome, headMs, reports } = this.request;
    const isOk = outcome === 'ok' && !hasFailed && reports?.every(({ error }) => !error);
    const times = isOk ? { ackMs: headMs!, lastMs: headMs! } : NEVER;
    this.#deeds.endings.push({ n: this.request.n, id, kind, fromMs, ...times });
  }

  /** Forgets what is not stored, and goes on with these fields. */
  #reload(fields: readonly string[]): void {
    for (const { field } of this.#pending) this.#takeBack(field);
    this.#pending = [];
    this.#view = new Set(fields);
    this.#stored = new Set(fields);
  }

  /** All that is not saved is one change, of which nothing can be stored: no token is replaced either. */
  #void(): void {
    for (const { field } of this.#pending) this.#takeBack(field);
    this.#pending = [];
    this.#regenerateMs = undefined;
  }

  #drop(field: string): void {
    this.#takeBack(field);
    this.#pending = this.#pending.filter((pending) => pending.field !== field);
  }

  #takeBack(field: string): void {
    for (const { kind, field: other, value } of this.#pending) {
      if (kind === 'set' && other === field) this.#deeds.takenBack.push(value!);
    }
  }

  #flush({ ackMs, lastMs }: Times): void {
    if (this.#isSpoiled) return this.#void();
    if (this.#regenerateMs !== undefined) {
      this.#end('regenerate', this.#id, this.#regenerateMs, ackMs === Infinity);
      this.#regenerateMs = undefined;
    }
    for (const pending of this.#pending) {
      this.#deeds.effects.push({
        ...pending,
        n: this.request.n,
        id: this.#id,
        ackMs,
        // One that only adds is never over anything: it may come late, but only once.
        lastMs: pending.kind === 'add' && ackMs === Infinity ? Infinity : lastMs,
        // Nobody but the client who gets its token ever sees a new session.
        isAcknowledged: ackMs < Infinity && (!this.#isNew || hasToken(this.request)),
        isNew: this.#isNew,
      });
    }
    this.#pending = [];
    this.#stored = new Set(this.#view);
  }
}

function hasToken({ cookie }: RequestEvent): boolean {
  return typeof cookie === 'object';
}

function unknownStep(id: string, isNew: boolean, atMs: number): StepReport {
  return { fromMs: atMs, toMs: Infinity, id, isNew };
}

function lifeOf({ idle, absolute }: { idle: number; absolute: number }) {
  return { idleMs: idle * 1000, absoluteMs: absolute * 1000 };
}
