import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type ExecutionContext,
  Inject,
  Injectable,
  Logger,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { AtomicAdapter } from './backends/atomic-adapter.js';
import { BoundedBackend } from './backends/bounded-backend.js';
import { isAtomic, type SessionBackend } from './backends/session-backend.js';
import type { SessionBackendError } from './errors/session-backend.error.js';
import { Signature } from './transports/signature.js';
import {
  type FrameworkRequest,
  type HandleRuntime,
  SessionHandle,
} from './edges/http/session-handle.js';
import { ActiveSession } from './session/active-session.js';
import type { SessionCodec } from './session/codec.js';
import type { Session } from './session/session.js';
import { Operations } from './session/operations.js';
import { endSession } from './session/session-writer.js';
import type { SessionRuntime } from './session/session-runtime.js';
import { readSession, type StoredSession } from './session/stored-session.js';
import { resolveOptions } from './session.options-validator.js';
import type { SessionOptions } from './session.options.js';
import { SESSION_BACKEND, SESSION_CODEC, SESSION_OPTIONS } from './session.tokens.js';

/** Whether the backend answers, and how long that took. */
export type SessionHealth =
  | { readonly status: 'up'; readonly latencyMs: number }
  | {
      readonly status: 'down';
      readonly latencyMs: number;
      /** What failed; no values of any session. */
      readonly error: string;
    };

/** Sessions by request and by id. The module's other parts are thin shells over it. */
@Injectable()
export class SessionService implements OnApplicationShutdown {
  /** What the sessions of requests need. @internal */
  readonly edge: HandleRuntime;
  readonly #logger = new Logger(SessionService.name);
  readonly #storage: AsyncLocalStorage<SessionHandle> | undefined;
  readonly #backend: BoundedBackend;
  readonly #runtime: SessionRuntime;

  /** @throws SessionOptionsError, TypeError where the backend lacks methods */
  constructor(
    @Inject(SESSION_OPTIONS) options: SessionOptions,
    @Inject(SESSION_BACKEND) backend: SessionBackend,
    @Inject(SESSION_CODEC) codec: SessionCodec,
  ) {
    const resolved = resolveOptions(options);
    const atomic = isAtomic(backend) ? backend : new AtomicAdapter(backend);
    this.#storage = resolved.current ? new AsyncLocalStorage() : undefined;
    this.#backend = new BoundedBackend(atomic, resolved.backendTimeoutMs);
    this.#runtime = {
      backend: this.#backend,
      codec,
      operations: new Operations(),
      lifetime: resolved,
      touchIntervalMs: resolved.touchIntervalMs,
      renewIntervalMs: resolved.renewIntervalMs,
      renewGraceMs: resolved.renewGraceMs,
      onUndecodable: (id) =>
        this.#logger.warn(`Session ${id} can't be decoded, so it is treated as no session.`),
    };
    this.edge = {
      options: resolved,
      signatures: resolved.secrets.map((secret) => new Signature(secret)),
      open: (tokens) => this.#open(tokens),
      warn: (message) => this.#logger.warn(message),
    };
  }

  /**
   * The session of an execution context or of a request, loaded once: a guard, a middleware and the handler of one
   * request get the same object.
   * @throws SessionBackendError where the backend fails
   */
  async of(contextOrRequest: ExecutionContext | object): Promise<Session> {
    return SessionService.handleOf(contextOrRequest).load();
  }

  /**
   * The session of the request that is being handled, from anywhere in it; `undefined` where none is loaded.
   * @throws Error where the option `current` is not set
   */
  get current(): Session | undefined {
    if (!this.#storage) {
      throw new Error(
        'SessionService.current is off, because it costs every request some time: write current: true in the options of SessionModule, or use SessionService.of(context).',
      );
    }
    return this.#storage.getStore()?.session;
  }

  /** A stored session by its id, to read; `null` where there is none. Reading is no use of it. */
  get(id: string): Promise<StoredSession | null> {
    return readSession(this.#runtime, id);
  }

  /**
   * Ends a session by its id, whoever uses it: a request that is under way can't bring it back.
   * One that does not exist is no error.
   */
  revoke(id: string): Promise<void> {
    return endSession(this.#runtime, id);
  }

  /** Whether the backend answers, told within `backendTimeout`. For health checks: it fails nobody's request. */
  async health(): Promise<SessionHealth> {
    const startedAt = performance.now();
    const error = await this.#backend.check().then(
      () => undefined,
      ({ message }: SessionBackendError) => message,
    );
    const latencyMs = performance.now() - startedAt;
    return error === undefined ? { status: 'up', latencyMs } : { status: 'down', latencyMs, error };
  }

  /** Nest calls it when the application shuts down: a backend that does not answer is asked no more. */
  onApplicationShutdown(): void {
    this.#backend.close();
  }

  /** Gives a request its handle and runs the rest of it, so that `current` finds the session. @internal */
  enter(
    raw: IncomingMessage,
    response: ServerResponse,
    framework: FrameworkRequest,
    next: () => void,
  ): void {
    const handle = SessionHandle.attach(this.edge, raw, response, framework);
    if (this.#storage) this.#storage.run(handle, next);
    else next();
  }

  /** @throws Error where the module's edge has not seen the request @internal */
  static handleOf(contextOrRequest: ExecutionContext | object): SessionHandle {
    const request = isContext(contextOrRequest)
      ? contextOrRequest.switchToHttp().getRequest<object | undefined>()
      : contextOrRequest;
    const handle = request && SessionHandle.of(request);
    if (!handle) {
      throw new Error(
        'This request has no session. Import SessionModule.forRoot() or forRootAsync() in the application, and ask for the session of an HTTP request.',
      );
    }
    return handle;
  }

  #open(tokens: readonly string[]): Promise<ActiveSession> | ActiveSession {
    if (tokens.length === 0) return ActiveSession.create(this.#runtime);
    const session = ActiveSession.load(this.#runtime, tokens);
    if (this.edge.options.onBackendError === 'fail') return session;
    return session.catch((error: Error) => ActiveSession.unavailable(this.#runtime, error));
  }
}

function isContext(value: object): value is ExecutionContext {
  return 'switchToHttp' in value && typeof value.switchToHttp === 'function';
}
