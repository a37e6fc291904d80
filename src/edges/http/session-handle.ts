import type { IncomingMessage, ServerResponse } from 'node:http';
import { SessionBackendError } from '../../errors/session-backend.error.js';
import type { ActiveSession } from '../../session/active-session.js';
import type { Session } from '../../session/session.js';
import { createSessionObject } from '../../session/session-object.js';
import type { ResolvedSessionOptions } from '../../session.options.js';
import { clearedCookie, readTokens, tokenCookie } from '../../transports/cookie.js';
import type { Signature } from '../../transports/signature.js';
import { HeldResponse, type ResponseHold } from './held-response.js';
import { RETRY_AFTER_SECONDS } from './response-output.js';
import type { HeadAddition } from './response-head.js';

/** A request as a framework hands it to handlers: Express's own, or Fastify's around a raw one. */
export interface FrameworkRequest {
  raw?: IncomingMessage;
  protocol?: string;
  session?: unknown;
}

/** What a handle needs of the application: how sessions are loaded, how their cookie looks, where warnings go. */
export interface HandleRuntime {
  readonly options: ResolvedSessionOptions;
  /** Of each secret: the first signs, all verify. */
  readonly signatures: readonly Signature[];
  /** The session of the first token that has one; a new one where none has. */
  open(tokens: readonly string[]): Promise<ActiveSession> | ActiveSession;
  warn(message: string): void;
}

const HANDLE = Symbol.for('nestjs-server-session:handle');

/**
 * The session of one HTTP request: loaded when somebody asks, shared by everybody who does, committed before the
 * response leaves. Making one costs next to nothing.
 */
export class SessionHandle implements ResponseHold {
  /** The session, once it is loaded. */
  session: Session | undefined;
  #active: ActiveSession | undefined;
  #loading: Promise<Session> | undefined;
  /** Tokens whose cookie was signed with a secret that no longer signs: the next cookie is due whatever its life. */
  #oldTokens: readonly string[] = [];
  #hasFailed = false;
  #headLeft = false;

  private constructor(
    private readonly runtime: HandleRuntime,
    private readonly raw: IncomingMessage,
    private readonly response: ServerResponse,
    private framework: FrameworkRequest,
  ) {}

  /** The handle of a raw request; made where there is none yet. */
  static attach(
    runtime: HandleRuntime,
    raw: IncomingMessage,
    response: ServerResponse,
    framework: FrameworkRequest = raw as FrameworkRequest,
  ): SessionHandle {
    const carrier = raw as IncomingMessage & { [HANDLE]?: SessionHandle };
    const known = carrier[HANDLE];
    if (known) {
      known.#meet(framework);
      return known;
    }
    return (carrier[HANDLE] = new SessionHandle(runtime, raw, response, framework));
  }

  /** The handle of a request, raw or the framework's. */
  static of(request: object): SessionHandle | undefined {
    const raw = (request as FrameworkRequest).raw ?? request;
    return (raw as { [HANDLE]?: SessionHandle })[HANDLE];
  }

  /** Loads the session once, whoever asks first. @throws SessionBackendError */
  load(): Promise<Session> | Session {
    if (this.session) return this.session;
    if (this.#loading) return this.#loading;
    const { options, signatures } = this.runtime;
    const tokens = readTokens(this.raw.headers.cookie, options.cookie.name, signatures);
    this.#oldTokens = tokens.filter(({ isOld }) => isOld).map(({ token }) => token);
    const active = this.runtime.open(tokens.map(({ token }) => token));
    if (!(active instanceof Promise)) return this.#adopt(active);
    return (this.#loading = active.then(
      (loaded) => this.#adopt(loaded),
      (error: unknown) => this.#fail(error),
    ));
  }

  /**
   * Saves what has changed, before the response is written, so that a failure is an exception that filters see. They
   * then write the answer, and nothing more is saved in this request.
   * @throws SessionValueError, SessionBackendError
   */
  commit(): Promise<void> | undefined {
    const work = this.#work();
    return work?.catch((error: unknown) => this.#fail(error));
  }

  beforeHead(): Promise<void> | undefined {
    const work = this.#work() ?? this.#touch();
    if (!work) this.#headLeft = true;
    return work
      ?.catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#headLeft = true;
      });
  }

  addition(status: number): HeadAddition | undefined {
    const { isUsed, notice, hasFailed } = this.#active!;
    if (hasFailed && status === 503) this.response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
    const cookie = notice === 'none' || this.#hasFailed ? undefined : this.#cookie();
    return isUsed || cookie !== undefined ? { cookie } : undefined;
  }

  afterClose(): void {
    const isLate = this.#headLeft;
    this.#headLeft = true;
    if (!this.#active || this.#hasFailed) return;
    const work = this.#work();
    if (!work) {
      if (isLate) this.#warnOfLateCookie();
      return;
    }
    work.then(
      () => isLate && this.#warnOfLateCookie(),
      (error: unknown) => {
        const { name, message } = error as Error;
        this.runtime.warn(
          `Session ${this.#active!.id} could not be saved after its response: ${name}: ${message}`,
        );
      },
    );
  }

  /** What failed has been told to the handler, whose answer to it then saves nothing more. */
  #fail(error: unknown): never {
    this.#hasFailed = true;
    if (error instanceof SessionBackendError && !this.response.headersSent) {
      this.response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
    }
    throw error;
  }

  #touch(): Promise<void> | undefined {
    return this.#hasFailed ? undefined : this.#active?.touchInPassing();
  }

  #warnOfLateCookie(): void {
    const active = this.#active!;
    if (active.notice !== 'set' && active.notice !== 'clear') return;
    this.runtime.warn(
      `Session ${active.id} changed after the head of its response had left, so its cookie could not be sent. Change it before the first byte, or call session.save() first.`,
    );
  }

  #adopt(active: ActiveSession): Session {
    this.#active = active;
    this.session = createSessionObject(active);
    this.#meet(this.framework);
    HeldResponse.install(this.response, this);
    return this.session;
  }

  /** Shows the session to handlers as `request.session`. */
  #meet(framework: FrameworkRequest): void {
    if (framework !== (this.raw as FrameworkRequest)) this.framework = framework;
    if (!this.session) return;
    this.framework.session = this.session;
    if (this.framework !== this.raw) (this.raw as FrameworkRequest).session = this.session;
  }

  #work(): Promise<void> | undefined {
    if (this.#hasFailed || !this.#active) return undefined;
    const canTell = !this.#headLeft;
    try {
      return this.#active.commit(canTell);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The Set-Cookie that the client has to get, once. */
  #cookie(): string | undefined {
    const active = this.#active!;
    const { options, signatures } = this.runtime;
    const notice = active.takeNotice();
    const isSecure = this.framework.protocol === 'https';
    const isPersistent = active.clock.metadata.isPersistent ?? options.cookie.persistent;
    const isDue = isPersistent || this.#oldTokens.includes(active.token ?? '');
    if (active.token && (notice === 'set' || (notice === 'extend' && isDue))) {
      const secondsLeft = Math.ceil((active.clock.expiresAtMs - Date.now()) / 1000);
      const maxAge = isPersistent ? secondsLeft : undefined;
      return tokenCookie(active.token, options.cookie, signatures[0]!, isSecure, maxAge);
    }
    if (notice === 'clear' && this.raw.headers.cookie?.includes(`${options.cookie.name}=`)) {
      return clearedCookie(options.cookie, isSecure);
    }
    return undefined;
  }
}
