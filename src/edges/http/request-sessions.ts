import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Session } from '../../session/session.js';
import type { CurrentSession } from '../current-session.js';
import type { Handle } from '../handle.js';
import { noSessionOf } from '../no-session.js';
import { NOT_LOADED, refuseUnloaded } from './not-loaded.js';
import { type FrameworkRequest, type HandleRuntime, SessionHandle } from './session-handle.js';
import { isShownByOthers, REQUEST_SESSIONS, sessionProperty } from './session-property.js';

/** A request as an application meets it: raw, Express's, or Fastify's around a raw one. */
type AnyRequest = FrameworkRequest & {
  [REQUEST_SESSIONS]?: RequestSessions;
  /** Node's, of a request that asks for another protocol. */
  upgrade?: boolean;
  /** Express's. */
  res?: ServerResponse;
  route?: unknown;
  /** Fastify's. */
  is404?: boolean;
};
type RawRequest = IncomingMessage & AnyRequest;
/** A raw request by what each application has put on it. */
type Carrier = IncomingMessage & { [key: symbol]: Handle | undefined };

/** What knows the sessions of handshakes: of requests that no response answers. */
export interface Handshakes {
  /** Whether a request is known to be one. */
  has(request: object): boolean;
  /** Makes one known, before anybody asks for its session. */
  add(handshake: IncomingMessage): void;
  /** What a handshake shows as its `session`. */
  handleOf(handshake: IncomingMessage): Handle;
  /** That of an operation of GraphQL over the socket of a handshake. */
  handleOfOperation(operation: object, handshake: IncomingMessage): Handle;
}

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
  #hasWarned = false;

  /** @param isLazy whether nobody loads a session before a handler */
  constructor(
    runtime: Omit<HandleRuntime, 'show'>,
    private readonly current: CurrentSession,
    readonly handshakes: Handshakes,
    readonly isLazy: boolean,
  ) {
    this.#runtime = {
      ...runtime,
      show: (raw, framework) => this.#show(raw, framework),
    };
  }

  /** Those of the application that handles a request: the innermost, where one is mounted in another. */
  static handling(request: unknown): RequestSessions {
    const sessions = RequestSessions.knownTo(request);
    if (!sessions) throw new Error(NO_MODULE);
    return sessions;
  }

  /** As `handling`; `undefined` where there is none. */
  static knownTo(request: unknown): RequestSessions | undefined {
    return (request as AnyRequest | undefined)?.[REQUEST_SESSIONS];
  }

  /**
   * The handle of a raw request; made where there is none yet.
   * @param response anything else than a response where none can leave, as on a WebSocket's upgrade. One that somebody has
   * made for an upgrade does not leave either
   */
  attach(
    raw: IncomingMessage,
    response: unknown,
    framework: FrameworkRequest = raw as FrameworkRequest,
  ): Handle {
    const carrier = raw as Carrier;
    return (carrier[this.#handle] ??=
      isResponse(response) && !(raw as RawRequest).upgrade
        ? new SessionHandle(this.#runtime, raw, response, framework)
        : this.handshakes.handleOf(raw));
  }

  /** Gives a request its handle and runs what handles it, so that `current` finds the session there. */
  enter(
    raw: IncomingMessage,
    response: ServerResponse,
    framework: FrameworkRequest,
    next: () => void,
  ): void {
    this.current.within(this.attach(raw, response, framework), next);
  }

  /** The handle of a request. @throws Error where it has none, and none can be made */
  handleOf(request: object | undefined): Handle {
    const raw = request && rawOf(request);
    const handle = (raw as Carrier | undefined)?.[this.#handle];
    if (handle) return handle;
    if (!raw) throw noSessionOf(request);
    if (this.handshakes.has(raw)) return this.attach(raw, undefined);
    if (!raw.upgrade && !isResponse(raw.res)) throw noSessionOf(request);
    return this.attach(raw, raw.res);
  }

  /** The session of a request, loaded once. @throws SessionBackendError */
  load(request: object): Promise<Session> | Session {
    const handle = this.handleOf(request);
    // Whoever has the raw request in hand reads it there.
    if (rawOf(request) === request) this.#pinWhereMissing(request as RawRequest);
    return handle.load();
  }

  /** Takes a handshake, which no application handles, for one of this application's. */
  adopt(handshake: IncomingMessage): void {
    Object.defineProperty(handshake, REQUEST_SESSIONS, { configurable: true, value: this });
    this.pin(handshake);
    this.handshakes.add(handshake);
  }

  /** What `request.session` is, for the request's prototype: a property of each request would cost it 3 µs on Express. */
  shown(request: object): unknown {
    const session = (rawOf(request) as Carrier)[this.#handle]?.session;
    if (session || !this.isLazy) return session;
    // Before a route is found, other middleware looks whether somebody else gives it sessions.
    const { route, is404 } = request as AnyRequest;
    return route !== undefined || is404 === false ? NOT_LOADED : undefined;
  }

  readonly property: PropertyDescriptor = sessionProperty(this);

  /** Somebody sets `session` to something else, which is not stored. */
  giveUp(request: object): void {
    if ((rawOf(request) as Carrier)[this.#handle]?.session) this.#warn();
  }

  /** Ends the session of a request, which is known to be done before its response leaves. */
  discard(request: object): void {
    const isDone = (rawOf(request) as Carrier)[this.#handle]?.discard() ?? false;
    if (!isDone && this.isLazy) refuseUnloaded();
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

export function rawOf(request: object): RawRequest {
  return ((request as FrameworkRequest).raw ?? request) as RawRequest;
}

/** By shape: HTTP/1, HTTP/2 and injected requests have different ones, and engine.io has half a one for upgrades. */
function isResponse(value: unknown): value is ServerResponse {
  return typeof (value as Partial<ServerResponse> | undefined)?.getHeaders === 'function';
}
