import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Observable } from 'rxjs';
import { SessionBackendError } from '../../errors/session-backend.error.js';
import { SessionTokenError } from '../../errors/session-token.error.js';
import type { Session } from '../../session/session.js';
import type { ActiveSession } from '../../session/active-session.js';
import { createSessionObject } from '../../session/session-object.js';
import type { RequestTokens, Transports } from '../../transports/transports.js';
import type { Handle } from '../handle.js';
import { HeldResponse, type ResponseHold } from './held-response.js';
import { RETRY_AFTER_SECONDS } from './response-output.js';
import type { HeadAddition } from './response-head.js';
import { currentTurn } from './turn.js';

/** A request as a framework hands it to handlers: Express's own, or Fastify's around a raw one. */
export interface FrameworkRequest {
  raw?: IncomingMessage;
  protocol?: string;
  session?: unknown;
}

/** What a handle needs of the application: how sessions are loaded, how tokens travel, where warnings go. */
export interface HandleRuntime {
  readonly transports: Transports;
  /** The session of the first token that has one; a new one where none has. */
  open(tokens: readonly string[]): Promise<ActiveSession> | ActiveSession;
  warn(message: string): void;
  /** A session was loaded: whoever reads `request.session` is to see it. */
  show(raw: IncomingMessage, framework: FrameworkRequest): void;
}

/**
 * The session of one HTTP request: loaded when somebody asks, shared by everybody who does, committed before the
 * response leaves. Making one costs next to nothing.
 */
export class SessionHandle implements Handle, ResponseHold {
  /** The session, once it is loaded. */
  session: Session | undefined;
  #life: ActiveSession | undefined;
  #loading: Promise<Session> | undefined;
  /** Those that the request came with, once its session was asked for. */
  #tokens: RequestTokens | undefined;
  /** The id of the session that the request came with. */
  #foundId: string | undefined;
  #hasFailed = false;
  /** Whether the handler has ended, and what it left was looked at. */
  #isHandled = false;
  /** Whether nobody had the session before the handler. */
  #isHandlersOwn = false;
  /** The turn in which a commit found nothing to do. */
  #committedTurn: number | undefined;
  #hasHeadLeft = false;

  constructor(
    private readonly runtime: HandleRuntime,
    private readonly raw: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly framework: FrameworkRequest,
  ) {}

  /** Loads the session once, whoever asks first. @throws SessionBackendError */
  load(): Promise<Session> | Session {
    if (this.session) return this.session;
    if (this.#loading) return this.#loading;
    this.#tokens = this.runtime.transports.in(this.raw, this.framework);
    const life = this.runtime.open(this.#tokens.all);
    if (!(life instanceof Promise)) return this.#adopt(life);
    return (this.#loading = life.then(
      (loaded) => this.#adopt(loaded),
      (error: unknown) => this.#fail(error),
    ));
  }

  /** As `load`, for the handler that is about to run. */
  loadForHandler(): Promise<Session> | Session {
    this.#isHandlersOwn = !this.session && !this.#loading;
    return this.load();
  }

  /**
   * Saves what has changed, before the response is written, so that a failure is an exception that filters see. They
   * then write the answer, and nothing more is saved in this request. After the head a session that would begin is no
   * failure of the answer, which goes on: it is warned of at its end.
   * @throws SessionValueError, SessionBackendError
   */
  commit(): Promise<void> | undefined {
    this.#isHandled = true;
    const work = this.#run((life) => life.commit());
    if (!work && this.#isHandlersOwn) this.#committedTurn = currentTurn();
    return work?.catch((error: unknown) => {
      if (!(this.#hasHeadLeft && error instanceof SessionTokenError)) this.#fail(error);
    });
  }

  /** All of a request is committed before its response leaves. */
  answered(answers: Observable<unknown>): Observable<unknown> {
    return answers;
  }

  /** Ends the session, which is known to be done before its response leaves; `false` where none is loaded. */
  discard(): boolean {
    this.#life?.discard();
    return this.#life !== undefined;
  }

  beforeHead(): Promise<void> | undefined {
    // A part of a value that somebody held on to can change without being asked for, but not in the same turn: the handler
    // is over, and nobody else has had one.
    const isCommitted = this.#committedTurn !== undefined && this.#committedTurn === currentTurn();
    const work = this.#run((life) => life.beforeHead(isCommitted));
    if (!work) this.#closeHead();
    return work
      ?.catch((error: unknown) => this.#failUnseen(error))
      .finally(() => this.#closeHead());
  }

  addition(status: number): HeadAddition | undefined {
    const { isUsed, hasFailed } = this.#life!;
    if (hasFailed && status === 503) this.response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
    const telling = this.#hasFailed ? undefined : this.#life!.notice.take();
    const token = telling && this.#tokens!.field(telling);
    return isUsed || token ? { vary: this.runtime.transports.vary, token } : undefined;
  }

  /**
   * What was changed after the head left is saved now. A handler whose client went away before that still runs; where one
   * had ended before it answered, and nobody has looked at the session since, there is nothing to look for.
   */
  afterClose(wasStreamed: boolean): void {
    const isOver = this.#isHandled && !wasStreamed && this.#life?.isLookedAt === false;
    if (!this.#hasHeadLeft || isOver) return;
    const work = this.#run((life) => life.commit());
    if (!work) return this.#warnOfLateToken();
    work.then(
      () => this.#warnOfLateToken(),
      (error: unknown) => {
        const { name, message } = error as Error;
        this.runtime.warn(
          `Session ${this.#life!.id} could not be saved after its response: ${name}: ${message}`,
        );
      },
    );
  }

  /** No filter sees what fails here: the answer is ours. Of a failing backend there is a line in the log already. */
  #failUnseen(error: unknown): never {
    if (!(error instanceof SessionBackendError)) {
      const { name, message } = error as Error;
      const what = `Session ${this.#life!.id} could not be saved, so that its request is answered with 500`;
      this.runtime.warn(`${what}: ${name}: ${message}`);
    }
    return this.#fail(error);
  }

  /** What failed has been told to the handler, whose answer to it then saves nothing more. */
  #fail(error: unknown): never {
    this.#hasFailed = true;
    this.#life?.close(error);
    if (error instanceof SessionBackendError && !this.response.headersSent) {
      this.response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
    }
    throw error;
  }

  #closeHead(): void {
    this.#hasHeadLeft = true;
    this.#life?.stopTelling('answered');
  }

  #warnOfLateToken(): void {
    const kind = this.#life?.notice.take()?.kind;
    if (kind !== 'token' && kind !== 'clear') return;
    const id = (kind === 'clear' && this.#foundId) || this.#life!.id;
    this.runtime.warn(
      `Session ${id} changed after the head of its response had left, so its ${this.#tokens!.noun} could not be sent. Change it before the first byte, or call session.save() first.`,
    );
  }

  #adopt(life: ActiveSession): Session {
    this.#life = life;
    if (life.tokenPlace !== undefined) this.#tokens!.use(life.tokenPlace);
    if (life.state === 'stored') this.#foundId = life.id;
    this.session = createSessionObject(life);
    this.runtime.show(this.raw, this.framework);
    if (!HeldResponse.install(this.response, this)) this.#closeHead();
    else if (!this.#tokens!.isInReach) life.stopTelling('path');
    return this.session;
  }

  #run(work: (life: ActiveSession) => Promise<void> | undefined): Promise<void> | undefined {
    if (this.#hasFailed || !this.#life) return undefined;
    try {
      return work(this.#life);
    } catch (error) {
      return Promise.reject(error);
    }
  }
}
