import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { SignalOptions } from './edges/session-signals.js';
import type { SessionEnd } from './ends/told-ends.js';
import type { SessionBackendError } from './errors/session-backend.error.js';
import type { IssuedSession, IssueOptions } from './session/issued-session.js';
import type { ListOptions, Principals, RevokeAllOptions } from './principals/principals.js';
import type { Session } from './session/session.js';
import type { ServerStore } from './session/server-store.js';
import { type StoredSession, storedSession } from './session/stored-session.js';

/** Whether the backend answers, and how long that took. */
export type SessionHealth =
  | { readonly status: 'up'; readonly latencyMs: number }
  | {
      readonly status: 'down';
      readonly latencyMs: number;
      /** What failed; no values of any session. */
      readonly error: string;
    };

/** What an edge does for the service: it knows which session a request has. */
export interface SessionsInUse {
  /** @throws SessionBackendError, Error where it has none */
  load(contextRequestOrSocket: object): Promise<Session> | Session;
  /** @throws Error where it has none */
  signal(target: object | string, options?: SignalOptions): AbortSignal;
  /** @throws Error where it is not followed */
  readonly current: Session | undefined;
  enter(raw: IncomingMessage, response: ServerResponse, request: object, next: () => void): void;
}

/** Makes a session that no request begins. */
export type IssueSession = (principal: string, options?: IssueOptions) => Promise<IssuedSession>;

/** What tells whether the backend answers. @throws SessionBackendError where it does not */
export interface BackendCheck {
  check(): Promise<void>;
}

/** Sessions as they are stored, by id. */
export type SessionsById = Pick<ServerStore, 'now' | 'lifetime' | 'peek' | 'end'>;
/** Sessions as they are stored, by whose they are. */
export type PrincipalSessions = Pick<Principals, 'list' | 'revoke' | 'revokeAll'>;

/** Sessions by request and by id. The module makes it: inject it. */
export class SessionService {
  readonly #inUse: SessionsInUse;
  readonly #store: SessionsById;
  readonly #backend: BackendCheck;
  readonly #issue: IssueSession;
  readonly #principals: PrincipalSessions;
  /**
   * Every session that is ended in any process, with whose it was and why: `'destroyed'`, `'revoked'` or `'limit'`. For notices,
   * each at most once: what ends while the backend can't tell of it is not told later, and expiries and new generations never
   * are. The backend is listened to only while somebody is subscribed.
   */
  readonly ends: Observable<SessionEnd>;

  /** @hidden Nest makes it. */
  constructor(
    inUse: SessionsInUse,
    store: SessionsById,
    backend: BackendCheck,
    issue: IssueSession,
    principals: PrincipalSessions,
    ends: Observable<SessionEnd>,
  ) {
    this.ends = ends;
    this.#inUse = inUse;
    this.#store = store;
    this.#backend = backend;
    this.#issue = issue;
    this.#principals = principals;
  }

  /**
   * The session of an execution context or of a request, loaded once: a guard, a middleware and the handler of one
   * request, or of one message of a gateway, get the same object.
   *
   * Of a socket: its session as it is stored now, an object for each call, in `handleConnection` and wherever else no
   * message is handled.
   * @throws SessionBackendError where the backend fails, Error where there is no session to be had
   */
  async of(contextRequestOrSocket: ExecutionContext | object): Promise<Session> {
    return this.#inUse.load(contextRequestOrSocket);
  }

  /**
   * The session of the request or message that is being handled, from anywhere in it; `undefined` where none is loaded.
   * @throws Error where the option `current` is off, as it is by default before Node 24
   */
  get current(): Session | undefined {
    return this.#inUse.current;
  }

  /**
   * Lets a request in that came by another way than this application's Express or Fastify, such as a server of your own:
   * from here on `of` finds its session, and `current` in all that `next` runs.
   */
  enter(raw: IncomingMessage, response: ServerResponse, request: object, next: () => void): void {
    this.#inUse.enter(raw, response, request, next);
  }

  /**
   * A stored session by its id, to read; `null` where there is none. Reading is no use of it.
   * @throws TypeError where the id is no text, SessionBackendError
   */
  async get(id: string): Promise<StoredSession | null> {
    checkId(id, 'get');
    const found = await this.#store.peek(id);
    return found && storedSession(id, found, this.#store.lifetime);
  }

  /**
   * Aborts when a session ends, in whichever process: with a `SessionEndedError` for its `reason`, which tells why.
   *
   * Of an execution context, a session, a request or a socket: it ends with its generation too (`'replaced'`), as another
   * client may have what is open, and is not told any more once the response or the socket is closed. A session that is not
   * stored yet ends after it is. Of an id: it goes on from generation to generation, and is watched until the session ends, or
   * until nobody wants to know.
   *
   * ```ts
   * await render(report, { signal: sessions.signal(context) });
   * ```
   * @param options with `until`, an AbortSignal: for how long the signal of an id is wanted
   * @throws Error where there is no session to be had, TypeError where the target is nothing of all that
   */
  signal(id: string, options?: SignalOptions): AbortSignal;
  signal(contextSessionRequestOrSocket: ExecutionContext | object): AbortSignal;
  signal(target: object | string, options?: SignalOptions): AbortSignal {
    if (typeof target === 'string' || (typeof target === 'object' && target !== null)) {
      return this.#inUse.signal(target, options);
    }
    throw new TypeError(
      `sessions.signal(target) takes a context, a session or its id, a request or a socket, and got a value of type ${typeof target}: write sessions.signal(session.id).`,
    );
  }

  /**
   * Ends a session by its id, whoever uses it: a request that is under way can't bring it back.
   * One that does not exist is no error.
   * @returns whether there was one that has ended now
   * @param options with `principal`, only where it is that principal's: for device lists, whose ids clients send back
   * @throws TypeError where the id is no text, SessionBackendError
   */
  async revoke(id: string, options?: { readonly principal: string }): Promise<boolean> {
    checkId(id, 'revoke');
    if (options) return this.#principals.revoke(options.principal, id);
    return this.#store.end(id, 'revoked', (await this.#store.peek(id))?.metadata);
  }

  /**
   * The live sessions of a principal. All of them, the one that was used last first; with `limit` and `before` in pages, the
   * one that was signed in last first.
   * @throws TypeError where the principal is no text, SessionBackendError
   */
  list(principal: string, options?: ListOptions): Promise<StoredSession[]> {
    return this.#principals.list(principal, options);
  }

  /**
   * Ends every session of a principal, in whichever process: those that exist, those being made, and sign-ins of requests that
   * have arrived by now, which fail with a `SignInRevokedError`.
   *
   * ```ts
   * await sessions.revokeAll(user.id, { except: session }); // “sign out everywhere else”
   * ```
   * @returns how many it has ended
   * @throws TypeError where the principal is no text, or `except` somebody else's session; SessionBackendError, after which it
   *   has to be called again
   */
  revokeAll(principal: string, options?: RevokeAllOptions): Promise<number> {
    return this.#principals.revokeAll(principal, options);
  }

  /**
   * Signs a principal in with no request, for a client that keeps its token itself: a mobile application at sign-in, a command
   * line, a test. Nothing is told to whoever asked for it but what this returns.
   *
   * ```ts
   * const { token } = await sessions.issue(user.id, { lifetime: { idle: '90d', absolute: '1y' } });
   * ```
   * @throws Error where the option `transports` has no `'bearer'`, so that nobody could use the token
   * @throws TypeError where the principal is no text, or one of the data or the lifetime is wrong
   * @throws SessionLimitError by the option `principals.onLimit`, SessionValueError where a value can't be stored
   * @throws SessionBackendError
   */
  async issue(principal: string, options?: IssueOptions): Promise<IssuedSession> {
    return this.#issue(principal, options);
  }

  /** The clock that begins and ends sessions, milliseconds since 1970. @internal */
  now(): number {
    return this.#store.now();
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
}

/** Whoever has no id must not believe that a session was ended. */
function checkId(id: unknown, method: 'get' | 'revoke'): void {
  if (typeof id === 'string') return;
  throw new TypeError(
    `sessions.${method}(id) takes the id of a session, and got a value of type ${typeof id}: write sessions.${method}(session.id).`,
  );
}
