import { setTimeout as sleep } from 'node:timers/promises';
import { GoneException, Injectable } from '@nestjs/common';
import { type Session, type SessionEndedError, SessionService } from 'nestjs-server-session';
import { nowMs } from '../now.js';
import type { Sight, Step, StepReport } from '../program.js';
import { report } from './report.js';
import { sightOf, storedSight } from './sights.js';

/** A session's data are what programs make of them. */
type Data = Session & Record<string, unknown>;

/** Does what a request asks for, and tells the torturer what it saw. */
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
    const sight = sightOf(session, askedMs, nowMs());
    report({ type: 'begun', n, sight });
    const done: StepReport[] = [];
    try {
      for (const step of steps) {
        if (step.op === 'watch' && !sight.isNew) this.#watch(n, sight);
        await this.#step(step, session as Data, done);
      }
    } finally {
      report({ type: 'ended', n, steps: done, atMs: nowMs() });
    }
  }

  #watch(n: number, sight: Sight): void {
    const signal = this.sessions.signal(sight.id);
    report({ type: 'watching', n, sight });
    const told = () => {
      const { reason } = signal.reason as SessionEndedError;
      report({ type: 'told', n, atMs: nowMs(), reason });
    };
    if (signal.aborted) told();
    else signal.addEventListener('abort', told, { once: true });
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
      case 'watch':
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
      | 'signOut'
      | 'watch';
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
