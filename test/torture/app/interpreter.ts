import { setTimeout as sleep } from 'node:timers/promises';
import { GoneException, Injectable } from '@nestjs/common';
import { type Session, SessionService, type StoredSession } from 'nestjs-server-session';
import { nowMs } from '../now.js';
import type { Report, Sight, Step, StepReport } from '../program.js';

/** A session's data are what programs make of them. */
type Data = Session & Record<string, unknown>;
type Facts = Pick<Sight, 'id' | 'isNew' | 'generation'>;

/** Does what a request asks for, and tells the torturer by IPC what it saw: an answer may never arrive. */
@Injectable()
export class Interpreter {
  readonly #open = new Map<number, Session>();

  constructor(private readonly sessions: SessionService) {}

  /** The response of a request has closed. */
  close(n: number): void {
    const session = this.#open.get(n);
    this.#open.delete(n);
    if (session) report({ type: 'closed', n, left: { id: session.id, isNew: session.isNew } });
  }

  async run({ n, askedMs, steps }: Request, session: Session): Promise<void> {
    this.#open.set(n, session);
    report({ type: 'begun', n, sight: sightOf(session as Data, askedMs, nowMs()) });
    const done: StepReport[] = [];
    try {
      for (const step of steps) await this.#step(step, session as Data, done);
    } finally {
      report({ type: 'ended', n, steps: done, atMs: nowMs() });
    }
  }

  async #step(step: Step, session: Data, done: StepReport[]): Promise<void> {
    const fromMs = nowMs();
    const tell = (more: Found) => {
      const { id, isNew } = session;
      done.push({ fromMs, toMs: nowMs(), id, isNew, ...more });
    };
    try {
      tell(await this.#do(step, session, fromMs));
    } catch (error) {
      const { name } = error as Error;
      tell({ error: name });
      throw name === 'SessionGoneError' ? new GoneException() : error;
    }
  }

  async #do(step: Step, session: Data, fromMs: number): Promise<Found> {
    switch (step.op) {
      case 'peek':
        return this.#peek(step.id, fromMs);
      case 'list':
        return this.#list(step.of, fromMs);
      case 'revoke':
        await this.sessions.revoke(
          step.id,
          step.of === undefined ? undefined : { principal: step.of },
        );
        return {};
      case 'revokeAll':
        return this.#revokeAll(step, session);
      case 'reload':
        await session.reload();
        return { sight: sightOf(session, fromMs, nowMs()) };
      case 'sleep':
        await sleep(step.ms);
        return {};
      case 'save':
      case 'destroy':
        await session[step.op]();
        return {};
      case 'regenerate':
      case 'signOut':
        await session[step.op]({ keep: step.keep as never });
        return {};
      case 'signIn':
        await session.signIn(step.as, { keep: step.keep as never });
        return {};
      default:
        change(step, session);
        return {};
    }
  }

  async #peek(id: string, fromMs: number): Promise<Found> {
    const stored = await this.sessions.get(id);
    return { sight: stored && storedSight(stored, fromMs, nowMs()) };
  }

  async #list(of: string, fromMs: number): Promise<Found> {
    const found = await this.sessions.list(of);
    const toMs = nowMs();
    return { listed: found.map((stored) => storedSight(stored, fromMs, toMs)) };
  }

  /** Somebody else's session can't be left alone. */
  async #revokeAll({ of, others }: RevokeAll, session: Data): Promise<Found> {
    const isOwn = others && session.principal === of;
    await this.sessions.revokeAll(of, { except: isOwn ? session : undefined });
    return isOwn ? { except: session.id } : {};
  }
}

/** What a step found. */
type Found = Pick<StepReport, 'error' | 'sight' | 'listed' | 'except'>;
type RevokeAll = Extract<Step, { op: 'revokeAll' }>;

/** A request as its header has it. */
export interface Request {
  readonly n: number;
  readonly askedMs: number;
  readonly steps: readonly Step[];
}

type Change = Exclude<
  Step,
  {
    op:
      | 'peek'
      | 'list'
      | 'revoke'
      | 'revokeAll'
      | 'reload'
      | 'sleep'
      | 'save'
      | 'destroy'
      | 'regenerate'
      | 'signIn'
      | 'signOut';
  }
>;

function change(step: Change, session: Data): void {
  switch (step.op) {
    case 'set':
      session[step.key] = step.value;
      return;
    case 'nest': {
      const outer = (session[step.key] ??= { deep: {} }) as { deep: { value?: string } };
      outer.deep.value = step.value;
      return;
    }
    case 'delete':
      delete session[step.key];
      return;
    case 'take':
      session.take(step.key as never);
      return;
    case 'increment':
      session.increment(step.key as never, step.by);
      return;
    case 'spoil':
      session[step.key] = () => {};
      return;
    case 'clear':
      session.clear();
      return;
    case 'touch':
      session.touch();
      return;
    case 'lifetime':
      session.lifetime({ idle: step.idle, absolute: step.absolute });
  }
}

function sightOf(session: Data, fromMs: number, toMs: number): Sight {
  const { id, isNew, generation } = session as Facts;
  // `generation` is a member of the session only where the library has it.
  const known = typeof generation === 'string' ? { generation } : {};
  const whose = whoseOf(session);
  return { fromMs, toMs, id, isNew, ...known, ...whose, fields: fieldsOf(session) };
}

function storedSight(stored: StoredSession, fromMs: number, toMs: number): Sight {
  const { id, data } = stored;
  return { fromMs, toMs, id, isNew: false, ...whoseOf(stored), fields: fieldsOf(data) };
}

function whoseOf({ principal }: Pick<StoredSession, 'principal'>): Pick<Sight, 'principal'> {
  return principal === undefined ? {} : { principal };
}

function fieldsOf(data: object): Record<string, string | number> {
  const entries = Object.entries(data).map(([key, value]) => [key, textOf(value)] as const);
  return Object.fromEntries(entries);
}

/** The one text that identifies which write is seen: that of a nested field is inside. */
function textOf(value: unknown): string | number {
  if (typeof value === 'string' || typeof value === 'number') return value;
  const { deep } = value as { deep?: { value?: string } };
  return deep?.value ?? JSON.stringify(value);
}

function report(message: Report): void {
  process.send?.(message);
}
