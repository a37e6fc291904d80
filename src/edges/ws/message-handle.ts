import { Observable } from 'rxjs';
import { SessionGoneError } from '../../errors/session-gone.error.js';
import type { ActiveSession, SessionScope } from '../../session/active-session.js';
import type { Session } from '../../session/session.js';
import { Handle } from '../handle.js';
import { type Commits, committed, type Failure } from './committed.js';
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
export class MessageHandle extends Handle {
  readonly [MESSAGE] = true;
  /** An acknowledgement that waits for what was changed before it. */
  #acknowledging: Promise<void> | undefined;
  /** How many answers are on their way, each of which commits. */
  #answering = 0;
  #isSaving = false;

  constructor(private readonly handshake: Handshake) {
    super();
  }

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
    if (this.failure && this.life) return Promise.reject(this.failure.error);
    const acknowledging = this.#acknowledging;
    this.#acknowledging = undefined;
    return acknowledging ? acknowledging.then(() => this.#store()) : this.#store();
  }

  /** As `commit`, where no failure was told. */
  commitRest(): Promise<void> | undefined {
    return this.failure ? undefined : this.commit();
  }

  /**
   * The answers of a handler, each as soon as what was changed before it is stored.
   * @param commits how that is stored
   */
  answered(
    answers: Observable<unknown>,
    failure: Failure = (error) => Promise.resolve(error),
    commits: Commits = this,
  ): Observable<unknown> {
    return new Observable((subscriber) => {
      this.begin();
      subscriber.add(() => this.end());
      return committed(answers, commits, failure).subscribe(subscriber);
    });
  }

  /** Whether an acknowledgement waits, whose failure an answer is to tell. */
  get isAcknowledging(): boolean {
    return this.#acknowledging !== undefined;
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
    this.life?.watch(() => this.#saveSoon());
    this.#saveSoon();
  }

  /** Of what a developer has to mend, or what nobody else is told. */
  warn(reason: string): void {
    const id = this.handshake.id ?? this.life?.id;
    this.handshake.runtime.warn(`Session ${id} could not be saved over a socket: ${reason}`);
  }

  onceOver(run: () => void): void {
    this.handshake.onceOver(run);
  }

  /** All messages of a socket share its session. */
  protected override get scope(): SessionScope {
    return this.handshake;
  }

  protected open(): Promise<ActiveSession> | ActiveSession {
    return this.handshake.open();
  }

  protected adopted(life: ActiveSession): void {
    if (this.#answering === 0) life.watch(() => this.#saveSoon());
  }

  #store(): Promise<void> | undefined {
    const work = this.run((life) => {
      // What the client can't be told need not be confirmed either.
      life.notice.take();
      const stored = life.beforeHead();
      return stored || life.hasLostChanges ? this.#sure(life, stored) : undefined;
    });
    return work?.catch((error: unknown) => this.fail(error));
  }

  /** That nothing was changed that goes nowhere, as over a socket no new session can take it. */
  async #sure(life: ActiveSession, stored: Promise<void> | undefined): Promise<void> {
    await stored;
    if (life.hasLostChanges) throw new SessionGoneError(this.handshake.id ?? life.id, true);
  }

  /** Once whoever looked at the session has done with it what they do at once. */
  #saveSoon(): void {
    if (this.#isSaving || !this.life) return;
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
