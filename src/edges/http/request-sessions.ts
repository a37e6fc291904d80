import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';
import { isContext, originOf } from '../origin.js';
import type { Session } from '../../session/session.js';
import type { SessionModuleSettings } from '../../session.options.js';
import { type FrameworkRequest, type HandleRuntime, SessionHandle } from './session-handle.js';
import { noSessionOf } from '../no-session.js';
import { NOT_LOADED, refuseUnloaded } from './not-loaded.js';

/** On the prototype of an application's requests: whose they are. */
export const REQUEST_SESSIONS = Symbol.for('nestjs-server-session:request-sessions');

/** A request as an application meets it: raw, Express's, or Fastify's around a raw one. */
type AnyRequest = FrameworkRequest & {
  [REQUEST_SESSIONS]?: RequestSessions;
  /** Express's. */
  res?: ServerResponse;
  route?: unknown;
  /** Fastify's. */
  is404?: boolean;
};
type RawRequest = IncomingMessage & AnyRequest;
/** What shows the session of what is handled, once it is loaded. */
interface SessionHolder {
  readonly session?: Session | undefined;
}
/** A raw request by what each application has put on it. */
type Carrier = IncomingMessage & { [key: symbol]: SessionHandle | undefined };

const NO_MODULE =
  'This request has no session. Import SessionModule.forRoot() or forRootAsync() in the application, and ask for the session of an HTTP request, on Express or Fastify.';

/**
 * The sessions of the requests of one application. Each application has its own, so that one that is mounted in another
 * keeps its cookie, its secret and its backend.
 */
export class RequestSessions {
  /** On a raw request: its handle. */
  readonly #handle = Symbol('nestjs-server-session:handle');
  readonly #runtime: HandleRuntime;
  readonly #storage: AsyncLocalStorage<SessionHolder> | undefined;
  readonly #isLazy: boolean;
  #hasWarned = false;

  constructor(
    runtime: Omit<HandleRuntime, 'show'>,
    { current, load }: { current: boolean } & Required<Pick<SessionModuleSettings, 'load'>>,
  ) {
    this.#runtime = {
      ...runtime,
      show: (raw, framework) => this.#show(raw, framework),
    };
    this.#storage = current ? new AsyncLocalStorage() : undefined;
    this.#isLazy = load === 'lazy';
  }

  /** Those of the application that handles a request: the innermost, where one is mounted in another. */
  static handling(request: unknown): RequestSessions {
    const sessions = (request as AnyRequest | undefined)?.[REQUEST_SESSIONS];
    if (!sessions) throw new Error(NO_MODULE);
    return sessions;
  }

  /** The handle of what is handled. @throws Error where that is no HTTP request of an application with sessions */
  static handleOf(context: ExecutionContext): SessionHandle {
    const { request } = originOf(context);
    return RequestSessions.handling(request).handleOf(context);
  }

  /**
   * The handle of a raw request; made where there is none yet.
   * @param response anything else than a response where none can leave, as on a WebSocket's upgrade
   */
  attach(
    raw: IncomingMessage,
    response: unknown,
    framework: FrameworkRequest = raw as FrameworkRequest,
  ): SessionHandle {
    const carrier = raw as Carrier;
    return (carrier[this.#handle] ??= new SessionHandle(
      this.#runtime,
      raw,
      isResponse(response) ? response : undefined,
      framework,
    ));
  }

  /** Gives a request its handle and runs what handles it, so that `current` finds the session there. */
  enter(
    raw: IncomingMessage,
    response: ServerResponse,
    framework: FrameworkRequest,
    next: () => void,
  ): void {
    this.within(this.attach(raw, response, framework), next);
  }

  /** Runs what handles a request or a message, so that `current` finds its session there. */
  within<T>(holder: SessionHolder, run: () => T): T {
    return this.#storage ? this.#storage.run(holder, run) : run();
  }

  /** The handle of an execution context or a request. @throws Error where it has none, and none can be made */
  handleOf(contextOrRequest: object): SessionHandle {
    const { request, operation } = originOf(contextOrRequest);
    const raw = request && rawOf(request);
    if (raw && operation) return this.#ofOperation(operation, raw);
    const handle = (raw as Carrier | undefined)?.[this.#handle];
    if (handle) return handle;
    if (!raw || !isResponse(raw.res)) throw noSessionOf(request);
    return this.attach(raw, raw.res);
  }

  /** Each operation over a WebSocket has the session as it is stored when it comes, by the token of the handshake. */
  #ofOperation(operation: object, handshake: RawRequest): SessionHandle {
    // No application has handled it.
    if (!handshake[REQUEST_SESSIONS]) {
      Object.defineProperty(handshake, REQUEST_SESSIONS, { value: this });
    }
    const carrier = operation as Carrier;
    return (carrier[this.#handle] ??= new SessionHandle(
      this.#runtime,
      handshake,
      undefined,
      handshake,
    ));
  }

  /** The session of an execution context or a request, loaded once. @throws SessionBackendError */
  load(contextOrRequest: object): Promise<Session> | Session {
    const handle = this.handleOf(contextOrRequest);
    // Whoever has the raw request in hand reads it there.
    const isRaw = !isContext(contextOrRequest) && rawOf(contextOrRequest) === contextOrRequest;
    if (isRaw) this.#pinWhereMissing(contextOrRequest as RawRequest);
    return handle.load();
  }

  /** The session of the request that is being handled. @throws Error where the option `current` is not set */
  get current(): Session | undefined {
    if (!this.#storage) {
      throw new Error(
        'SessionService.current is off, because it costs every request some time before Node 24: write current: true in the options of SessionModule, or use SessionService.of(context).',
      );
    }
    return this.#storage.getStore()?.session;
  }

  /** What `request.session` is, for the request's prototype: a property of each request would cost it 3 µs on Express. */
  shown(request: object): unknown {
    const session = (rawOf(request) as Carrier)[this.#handle]?.session;
    if (session || !this.#isLazy) return session;
    // Before a route is found, other middleware looks whether somebody else gives it sessions.
    const { route, is404 } = request as AnyRequest;
    return route !== undefined || is404 === false ? NOT_LOADED : undefined;
  }

  /** `request.session`, until somebody puts something else there. `null` ends the session, as in express-session. */
  readonly property: PropertyDescriptor = sessionProperty(this);

  /** Somebody sets `session` to something else, which is not stored. */
  giveUp(request: object): void {
    if ((rawOf(request) as Carrier)[this.#handle]?.session) this.#warn();
  }

  /** Ends the session of a request, which is known to be done before its response leaves. */
  discard(request: object): void {
    const isDone = (rawOf(request) as Carrier)[this.#handle]?.discard() ?? false;
    if (!isDone && this.#isLazy) refuseUnloaded();
  }

  /**
   * Shows a session that was loaded as `request.session`, where the prototype does not. What somebody else has put there
   * is left: whoever did reads it.
   */
  #show(raw: RawRequest, framework: AnyRequest): void {
    const isForeign = isShownByOthers(raw);
    if (isForeign || (framework !== raw && isShownByOthers(framework))) this.#warn();
    if (!isForeign && framework === raw) this.#pinWhereMissing(raw);
  }

  #pinWhereMissing(raw: RawRequest): void {
    if (raw[REQUEST_SESSIONS] !== this) this.pin(raw);
  }

  /**
   * Shows the session on the request itself: an Express application that is called as a middleware gives the request a
   * prototype of its own.
   */
  pin(raw: IncomingMessage): void {
    if (!Object.hasOwn(raw, 'session')) Object.defineProperty(raw, 'session', this.property);
  }

  #warn(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#runtime.warn(
      'request.session is set by somebody else (another session library, or a test), so it is left as it is. Take that away, or read the session by @Session() of nestjs-server-session or by SessionService.of(request).',
    );
  }
}

/** Those of the innermost application, wherever the property stands. */
function sessionProperty(sessions: RequestSessions): PropertyDescriptor {
  const innermost = (request: AnyRequest) => request[REQUEST_SESSIONS] ?? sessions;
  const get = function (this: AnyRequest) {
    return innermost(this).shown(this);
  };
  const set = function (this: AnyRequest, value: unknown) {
    if (value === null || value === undefined) return innermost(this).discard(this);
    innermost(this).giveUp(this);
    Object.defineProperty(this, 'session', {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  };
  return { configurable: true, get: Object.assign(get, { [REQUEST_SESSIONS]: true }), set };
}

/** Whether a request has a `session` of its own that no application of this library has put there. */
function isShownByOthers(request: object): boolean {
  if (!Object.hasOwn(request, 'session')) return false;
  const { get } = Object.getOwnPropertyDescriptor(request, 'session')!;
  return !(get && Object.hasOwn(get, REQUEST_SESSIONS));
}

function rawOf(request: object): RawRequest {
  return ((request as FrameworkRequest).raw ?? request) as RawRequest;
}

/** By shape: HTTP/1, HTTP/2 and injected requests have different ones. */
function isResponse(value: unknown): value is ServerResponse {
  const { writeHead, once } = (value ?? {}) as Partial<ServerResponse>;
  return typeof writeHead === 'function' && typeof once === 'function';
}
