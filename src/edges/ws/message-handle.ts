import type { Observable } from 'rxjs';
import { SessionGoneError } from '../../errors/session-gone.error.js';
import type { ActiveSession } from '../../session/active-session.js';
import type { Session } from '../../session/session.js';
import { createSessionObject } from '../../session/session-object.js';
import { committed } from './committed.js';
import type { Handshake } from './handshake.js';
import { wsException } from './ws-exception.js';

/** On a handle, by which it is found among the arguments of a message's handler. */
const MESSAGE = Symbol.for('nestjs-server-session:message');

/**
 * The session of one message: loaded when somebody asks, shared by everybody who does, committed before the answer
 * leaves. Making one costs next to nothing.
 */
export class MessageHandle {
  readonly [MESSAGE] = true;
  /** The session, once it is loaded. */
  session: Session | undefined;
  #life: ActiveSession | undefined;
  #loading: Promise<Session> | undefined;
  /** An acknowledgement that waits for what was changed before it. */
  #acknowledging: Promise<void> | undefined;
  #hasFailed = false;
  #hasEnded = false;
  #isSaving = false;

  constructor(private readonly handshake: Handshake) {}

  /** That of the message whose handler was given these arguments, if they are a message's. */
  static among(args: readonly unknown[]): MessageHandle | undefined {
    return args.findLast((arg): arg is MessageHandle => Object(arg)[MESSAGE] === true);
  }

  /** Loads the session once, whoever asks first. @throws SessionBackendError */
  load(): Promise<Session> | Session {
    if (this.session) return this.session;
    if (this.#loading) return this.#loading;
    const life = this.handshake.open();
    if (!(life instanceof Promise)) return this.#adopt(life);
    return (this.#loading = life.then((loaded) => this.#adopt(loaded)));
  }

  /**
   * Stores what has changed; `undefined` where nothing has, and after a failure, which was told.
   * @throws SessionGoneError where the session has ended, SessionTokenError where there is none to write to,
   * SessionValueError, SessionBackendError
   */
  commit(): Promise<void> | undefined {
    const acknowledging = this.#acknowledging;
    this.#acknowledging = undefined;
    return acknowledging ? acknowledging.then(() => this.#store()) : this.#store();
  }

  /** The answers of a handler, each as soon as what was changed before it is stored; a failure of that as a WsException. */
  answered(answers: Observable<unknown>): Observable<unknown> {
    return committed(answers, this, (error) => wsException(error, (text) => this.#warn(text)));
  }

  /** Lets an acknowledgement go that a handler sends by itself. What fails is told by the next commit. */
  acknowledge(send: () => void): void {
    const work = this.#store();
    if (!work) return send();
    this.#acknowledging = work.then(send);
    this.#acknowledging.catch(() => {});
  }

  /** Nobody waits for an answer from here on: what is still changed is saved by itself, and what fails is warned of. */
  end(): void {
    this.#hasEnded = true;
    this.#life?.watch(() => this.#saveSoon());
    this.#saveSoon();
  }

  #adopt(life: ActiveSession): Session {
    this.#life = life;
    if (this.#hasEnded) life.watch(() => this.#saveSoon());
    return (this.session = createSessionObject(life));
  }

  #store(): Promise<void> | undefined {
    const life = this.#life;
    if (!life || this.#hasFailed) return undefined;
    // What the client can't be told need not be confirmed either.
    life.notice.take();
    try {
      const work = life.beforeHead();
      if (work || life.hasLostChanges) return this.#stored(life, work);
      return undefined;
    } catch (error) {
      return this.#stored(life, Promise.reject(error));
    }
  }

  async #stored(life: ActiveSession, work: Promise<void> | undefined): Promise<void> {
    try {
      await work;
      if (life.hasLostChanges) throw new SessionGoneError(this.handshake.id ?? life.id);
    } catch (error) {
      this.#hasFailed = true;
      life.close(error);
      throw error;
    }
  }

  /** Once whoever looked at the session has done with it what they do at once. */
  #saveSoon(): void {
    if (this.#isSaving || !this.#life) return;
    this.#isSaving = true;
    setImmediate(() => {
      this.#isSaving = false;
      this.commit()?.catch(({ name, message }: Error) => this.#warn(`${name}: ${message}`));
    });
  }

  #warn(reason: string): void {
    const id = this.handshake.id ?? this.#life?.id;
    this.handshake.runtime.warn(`Session ${id} could not be saved over a socket: ${reason}`);
  }
}
