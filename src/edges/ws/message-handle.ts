import { finalize, type Observable } from 'rxjs';
import { SessionGoneError } from '../../errors/session-gone.error.js';
import type { ActiveSession } from '../../session/active-session.js';
import type { Session } from '../../session/session.js';
import { createSessionObject } from '../../session/session-object.js';
import type { Handle } from '../handle.js';
import { committed } from './committed.js';
import type { Handshake } from './handshake.js';

/** On a handle, by which it is found among the arguments of a message's handler. */
const MESSAGE = Symbol.for('nestjs-server-session:message');
/** On the context of an operation of GraphQL: its handle. */
const OPERATION = Symbol.for('nestjs-server-session:operation');

/**
 * The session of one message over a socket, be it of a gateway or an operation of GraphQL: loaded when somebody asks, shared
 * by everybody who does, committed before the answer leaves. Where none is to leave, what is changed is saved by itself.
 * Making one costs next to nothing.
 */
export class MessageHandle implements Handle {
  readonly [MESSAGE] = true;
  /** The session, once it is loaded. */
  session: Session | undefined;
  #life: ActiveSession | undefined;
  #loading: Promise<Session> | undefined;
  /** An acknowledgement that waits for what was changed before it. */
  #acknowledging: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** How many answers are on their way, each of which commits. */
  #answering = 0;
  #isSaving = false;

  constructor(private readonly handshake: Handshake) {}

  /** That of the message whose handler was given these arguments, if they are a message's. */
  static among(args: readonly unknown[]): MessageHandle | undefined {
    return args.findLast((arg): arg is MessageHandle => Object(arg)[MESSAGE] === true);
  }

  /** That of an operation by its context; made where there is none yet and the handshake is given. */
  static ofOperation(operation: object): MessageHandle | undefined;
  static ofOperation(operation: object, handshake: Handshake): MessageHandle;
  static ofOperation(operation: object, handshake?: Handshake): MessageHandle | undefined {
    const known = (operation as { [OPERATION]?: MessageHandle })[OPERATION];
    if (known || !handshake) return known;
    const handle = new MessageHandle(handshake);
    Object.defineProperty(operation, OPERATION, { value: handle });
    return handle;
  }

  /** Loads the session once, whoever asks first. @throws SessionBackendError */
  load(): Promise<Session> | Session {
    if (this.session) return this.session;
    if (this.#loading) return this.#loading;
    const life = this.handshake.open();
    if (!(life instanceof Promise)) return this.#adopt(life);
    return (this.#loading = life.then((loaded) => this.#adopt(loaded)));
  }

  loadForHandler(): Promise<Session> | Session {
    return this.load();
  }

  /**
   * Stores what has changed; `undefined` where nothing has. After a failure it fails again: whoever else answers has changes
   * in it, too.
   * @throws SessionGoneError where the session has ended, SessionTokenError where there is none to write to,
   * SessionValueError, SessionBackendError
   */
  commit(): Promise<void> | undefined {
    if (this.#failure) return Promise.reject(this.#failure.error);
    const acknowledging = this.#acknowledging;
    this.#acknowledging = undefined;
    return acknowledging ? acknowledging.then(() => this.#store()) : this.#store();
  }

  /** As `commit`, where no failure was told. */
  commitRest(): Promise<void> | undefined {
    return this.#failure ? undefined : this.commit();
  }

  /**
   * The answers of a handler, each as soon as what was changed before it is stored.
   * @param failure what becomes of an error, be it the handler's or that of a commit
   */
  answered(
    answers: Observable<unknown>,
    failure = (error: unknown) => Promise.resolve(error),
  ): Observable<unknown> {
    this.begin();
    return committed(answers, this, failure).pipe(finalize(() => this.end()));
  }

  discard(): boolean {
    this.#life?.discard();
    return this.#life !== undefined;
  }

  /** Lets an acknowledgement go that a handler sends by itself. What fails is told by the answer, or warned of after it. */
  acknowledge(send: () => void): void {
    const work = this.commit();
    if (!work) return send();
    this.#acknowledging = work.then(send);
    this.#acknowledging.catch((error: Error) => this.#answering === 0 && this.#warnOf(error));
  }

  /** From here on an answer waits for what is changed, until it ends. */
  begin(): void {
    this.#answering++;
  }

  /** Where this was the last answer, what is still changed is saved by itself, and what fails is warned of. */
  end(): void {
    if (--this.#answering > 0) return;
    this.#life?.watch(() => this.#saveSoon());
    this.#saveSoon();
  }

  /** Of what a developer has to mend, or what nobody else is told. */
  warn(reason: string): void {
    const id = this.handshake.id ?? this.#life?.id;
    this.handshake.runtime.warn(`Session ${id} could not be saved over a socket: ${reason}`);
  }

  #adopt(life: ActiveSession): Session {
    this.#life = life;
    if (this.#answering === 0) life.watch(() => this.#saveSoon());
    return (this.session = createSessionObject(life));
  }

  #store(): Promise<void> | undefined {
    const life = this.#life;
    if (!life) return undefined;
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
      if (life.hasLostChanges) throw new SessionGoneError(this.handshake.id ?? life.id, true);
    } catch (error) {
      this.#failure = { error };
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
      // Who answers now is told what fails.
      if (this.#answering > 0) return;
      this.commitRest()?.catch((error: Error) => this.#warnOf(error));
    });
  }

  #warnOf({ name, message }: Error): void {
    this.warn(`${name}: ${message}`);
  }
}
