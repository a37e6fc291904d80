import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Observable } from 'rxjs';
import { HttpException } from '@nestjs/common';
import { SessionBackendError } from '../../errors/session-backend.error.js';
import { SessionTokenError } from '../../errors/session-token.error.js';
import type { Session } from '../../session/session.js';
import type { ActiveSession, OpeningTokens } from '../../session/active-session.js';
import type { RequestTokens, Transports } from '../../transports/transports.js';
import { Handle } from '../handle.js';
import type { SiteCheck } from '../site-check.js';
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
  /** The session of the first token that has one; a new one where none has. @param arrivedAtMs when its request came */
  open(tokens: OpeningTokens, arrivedAtMs?: number): Promise<ActiveSession> | ActiveSession;
  /** Whether other sites' pages have sent a request; `undefined` where they may. */
  readonly siteCheck: SiteCheck | undefined;
  warn(message: string): void;
  /** A session was loaded: whoever reads `request.session` is to see it. */
  show(raw: IncomingMessage, framework: FrameworkRequest): void;
}

/**
 * How far the handler is that the interceptor has loaded the session for:
 * - `unseen`: it has not begun, or no interceptor sees it
 * - `sharing`: it runs, and somebody else has had the session before it
 * - `owning`: it runs, and nobody else has had the session
 * - `ended`: what it left was looked at
 * - `settled`: as `ended`, with nothing left, and nobody else has had the session
 */
type HandlerState = 'unseen' | 'sharing' | 'owning' | 'ended' | 'settled';

/**
 * The session of one HTTP request: loaded when somebody asks, shared by everybody who does, committed before the
 * response leaves. Making one costs next to nothing.
 */
export class SessionHandle extends Handle implements ResponseHold {
  /** Those that the request came with, once its session was asked for. */
  #tokens: RequestTokens | undefined;
  /** The id of the session that the request came with. */
  #foundId: string | undefined;
  /** What failed in a commit, and is to be answered in place of what the handler writes. */
  #headFailure: { readonly error: unknown } | undefined;
  #handler: HandlerState = 'unseen';
  /** The turn in which the handler was `settled`. */
  #settledTurn = 0;
  #hasHeadLeft = false;
  readonly #arrivedAtMs = performance.now();

  constructor(
    private readonly runtime: HandleRuntime,
    private readonly raw: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly framework: FrameworkRequest,
  ) {
    super();
  }

  loadForHandler(): Promise<Session> | Session {
    this.#handler = this.session || this.loading ? 'sharing' : 'owning';
    return this.load();
  }

  /**
   * Saves what has changed, before the response is written, so that a failure is an exception that filters see. They
   * then write the answer, and nothing more is saved in this request. After the head a session that would begin is no
   * failure of the answer, which goes on: it is warned of at its end.
   * @throws SessionValueError, SessionBackendError
   */
  commit(): Promise<void> | undefined {
    const work = this.run((life) => life.commit());
    const isOwn = this.#handler === 'owning' || this.#handler === 'settled';
    this.#handler = !work && isOwn ? 'settled' : 'ended';
    if (!work && isOwn) this.#settledTurn = currentTurn();
    return work?.catch((error: unknown) => {
      if (!(this.#hasHeadLeft && error instanceof SessionTokenError)) this.fail(error);
    });
  }

  /** Has a failed commit answered when the head is to leave; `false` where it has left. */
  override failHead(error: unknown): boolean {
    if (!this.#hasHeadLeft) this.#headFailure = { error };
    return !this.#hasHeadLeft;
  }

  /** All of a request is committed before its response leaves. */
  answered(answers: Observable<unknown>): Observable<unknown> {
    return answers;
  }

  /** Says when to ask again, where the backend has failed: this session's, or another that the handler asked for. */
  override tellRetry(error: unknown): void {
    if (error instanceof SessionBackendError && !this.response.headersSent) {
      this.response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
    }
  }

  /** When its response is closed; never where that has been. */
  onceOver(run: () => void): void {
    this.response.once('close', run);
  }

  beforeHead(): Promise<void> | undefined {
    // A part of a value that somebody held on to can change without being asked for, but not in the same turn: the handler
    // is over, and nobody else has had one.
    const isCommitted = this.#handler === 'settled' && this.#settledTurn === currentTurn();
    const work = this.#headFailure
      ? Promise.reject(this.#headFailure.error)
      : this.run((life) => life.beforeHead(isCommitted));
    if (!work) this.#closeHead();
    return work
      ?.catch((error: unknown) => this.#failUnseen(error))
      .finally(() => this.#closeHead());
  }

  addition(status: number): HeadAddition | undefined {
    const { isUsed, hasFailed } = this.life!;
    if (hasFailed && status === 503) this.response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
    const telling = this.failure ? undefined : this.life!.notice.take();
    const token = telling && this.#tokens!.field(telling);
    return isUsed || token ? { vary: this.runtime.transports.vary, token } : undefined;
  }

  /**
   * What was changed after the head left is saved now. A handler whose client went away before that still runs; where one
   * had ended before it answered, and nobody has looked at the session since, there is nothing to look for; nor where a
   * failure was the answer.
   */
  afterClose(wasStreamed: boolean): void {
    const hasEnded = this.#handler === 'ended' || this.#handler === 'settled';
    const isOver = hasEnded && !wasStreamed && this.life?.isLookedAt === false;
    if (!this.#hasHeadLeft || isOver || this.failure) return;
    const work = this.run((life) => life.commit());
    if (!work) return this.#warnOfLateToken();
    work.then(
      () => this.#warnOfLateToken(),
      (error: unknown) => {
        const { name, message } = error as Error;
        this.runtime.warn(
          `Session ${this.life!.id} could not be saved after its response: ${name}: ${message}`,
        );
      },
    );
  }

  /** No filter sees what fails here: the answer is ours. A failing backend has its line in the log, and a refusal needs none. */
  #failUnseen(error: unknown): never {
    if (!(error instanceof HttpException)) {
      const { name, message } = error as Error;
      const what = `Session ${this.life!.id} could not be saved, so that its request is answered with 500`;
      this.runtime.warn(`${what}: ${name}: ${message}`);
    }
    return this.fail(error);
  }

  /** What failed has been told to the handler, whose answer to it then saves nothing more. */
  protected override fail(error: unknown): never {
    this.tellRetry(error);
    return super.fail(error);
  }

  protected open(): Promise<ActiveSession> | ActiveSession {
    this.#tokens = this.runtime.transports.in(this.raw, this.framework);
    const refusal = this.runtime.siteCheck?.ofRequest(this.raw, this.#tokens);
    if (refusal) return Promise.reject(refusal);
    return this.runtime.open(this.#tokens, this.#arrivedAtMs);
  }

  protected adopted(life: ActiveSession): void {
    if (life.tokenPlace !== undefined) this.#tokens!.use(life.tokenPlace);
    if (life.state === 'stored') this.#foundId = life.id;
    this.runtime.show(this.raw, this.framework);
    if (!HeldResponse.install(this.response, this)) this.#closeHead();
    else if (!this.#tokens!.isInReach) life.stopTelling('path');
  }

  #closeHead(): void {
    this.#hasHeadLeft = true;
    this.life?.stopTelling('answered');
  }

  #warnOfLateToken(): void {
    const kind = this.life?.notice.take()?.kind;
    if (kind !== 'token' && kind !== 'clear') return;
    const id = (kind === 'clear' && this.#foundId) || this.life!.id;
    this.runtime.warn(
      `Session ${id} changed after the head of its response had left, so its ${this.#tokens!.noun} could not be sent. Change it before the first byte, or call session.save() first.`,
    );
  }
}
