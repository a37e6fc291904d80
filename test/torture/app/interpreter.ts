import { setTimeout as sleep } from 'node:timers/promises';
import { GoneException, Injectable } from '@nestjs/common';
import { type Session, SessionService } from 'nestjs-server-session';
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
    const tell = (more: Partial<StepReport>) => {
      const { id, isNew } = session;
      done.push({ fromMs, toMs: nowMs(), id, isNew, ...more });
    };
    try {
      const sight = await this.#do(step, session, fromMs);
      tell(sight === undefined ? {} : { sight });
    } catch (error) {
      const { name } = error as Error;
      tell({ error: name });
      throw name === 'SessionGoneError' ? new GoneException() : error;
    }
  }

  async #do(step: Step, session: Data, fromMs: number): Promise<Sight | null | undefined> {
    switch (step.op) {
      case 'peek':
        return this.#peek(step.id, fromMs);
      case 'revoke':
        await this.sessions.revoke(step.id);
        return undefined;
      case 'reload':
        await session.reload();
        return sightOf(session, fromMs, nowMs());
      case 'sleep':
        await sleep(step.ms);
        return undefined;
      case 'save':
      case 'destroy':
        await session[step.op]();
        return undefined;
      case 'regenerate':
        await session.regenerate({ keep: step.keep as never });
        return undefined;
      default:
        change(step, session);
        return undefined;
    }
  }

  async #peek(id: string, fromMs: number): Promise<Sight | null> {
    const stored = await this.sessions.get(id);
    if (!stored) return null;
    const facts = { id: stored.id, isNew: false };
    return { ...facts, fromMs, toMs: nowMs(), fields: fieldsOf(stored.data) };
  }
}

/** A request as its header has it. */
export interface Request {
  readonly n: number;
  readonly askedMs: number;
  readonly steps: readonly Step[];
}

type Change = Exclude<
  Step,
  { op: 'peek' | 'revoke' | 'reload' | 'sleep' | 'save' | 'destroy' | 'regenerate' }
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
  return { fromMs, toMs, id, isNew, ...known, fields: fieldsOf(session) };
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
