import type { SessionBackend } from './backends/session-backend.js';
import type { ClientSessions } from './client-sessions.js';
import type { Duration } from './session/lifetime.js';
import type { Migration } from './migration/migration.js';
import type { PrincipalOf } from './principals/principal-of.js';
import type { SessionLimit } from './principals/sign-ins.js';
import type { Signature } from './transports/signature.js';
import type { TransportName } from './transports/transport.js';

/** The cookie that carries the token. Defaults follow the OWASP Session Management Cheat Sheet, "Cookies". */
export interface SessionCookieOptions {
  /**
   * Default `'sid'`, a name that tells nothing of what runs here (OWASP, "Session ID Name Fingerprinting"). With the
   * prefix `__Host-` browsers also refuse the cookie from other hosts (RFC 6265bis, 4.1.3.2).
   */
  name?: string;
  /** Default `'/'`. */
  path?: string;
  /** Default none: only the host that set the cookie gets it back (OWASP, "Domain and Path Attributes"). */
  domain?: string;
  /**
   * Default `'lax'` (OWASP, "SameSite Attribute"). `'auto'` is None, for pages within those of other sites, where the
   * request came by a secure connection, and Lax where it did not, since browsers refuse None without Secure.
   */
  sameSite?: 'strict' | 'lax' | 'none' | 'auto';
  /**
   * `'auto'` (the default) follows the request's protocol as Express and Fastify see it, their trust-proxy setting
   * included. Where another attribute needs it (SameSite=None, Partitioned, the prefixes) it is always set.
   */
  secure?: boolean | 'auto';
  /** Default `true`: scripts can't read the cookie (OWASP, "HttpOnly Attribute"). */
  httpOnly?: boolean;
  /** Default `false`. A cookie for each site that embeds this one (CHIPS). */
  partitioned?: boolean;
  /** Default `true`: the cookie lives as long as the session. `false`: until the browser is closed. */
  persistent?: boolean;
}

/** What holds for the sessions of one principal, whom `session.signIn(principal)` names. */
export interface PrincipalsOptions {
  /** How many sessions a principal may have (OWASP, "Simultaneous Session Logons"). Default: any number. At most 1000. */
  maxSessions?: number;
  /**
   * What becomes of a sign-in beyond that. `'end-oldest'` (the default): the session that was signed in first ends.
   * `'refuse'`: it fails with a `SessionLimitError`, a 409.
   */
  onLimit?: 'end-oldest' | 'refuse';
  /**
   * How whose a session is follows from one field of its data, for passport and for applications that come from elsewhere,
   * instead of `session.signIn(principal)`: `{ field: 'passport', principal: (value) => value?.user }`.
   */
  // eslint-disable-next-line typescript/no-explicit-any
  of?: { field: string; principal: (value: any) => string | number | null | undefined };
}

/** How sessions are kept, how long they live, and how their tokens travel. Only `secret` is required. */
export interface SessionOptions {
  /**
   * Signs the token in the cookie. A list rotates secrets: the first signs, all verify. Each at least 32 characters, as
   * many bytes as the HMAC-SHA256 that it keys gives (RFC 2104, 3).
   */
  secret: string | readonly string[];
  /**
   * Where sessions are kept; default a `MemoryBackend`. A provider for `SESSION_BACKEND` wins over it. `cookieSessions()` of
   * `nestjs-server-session/cookie` keeps them in the cookie itself.
   */
  backend?: SessionBackend | ClientSessions;
  /**
   * How the cookie looks; or a function that says so for each request, for example for several hosts or paths. It gets
   * the request of Express or of Fastify, and gives all that differs from the defaults, `name` included: the session is
   * looked for under that name. It is called once for a request whose session is asked for.
   */
  // eslint-disable-next-line typescript/no-explicit-any
  cookie?: SessionCookieOptions | ((request: any) => SessionCookieOptions);
  /**
   * How tokens travel, in the order in which they are tried: the first whose token finds a session counts, and a new token
   * goes the way that the one before it came. Default `['cookie']`. `'bearer'` reads `Authorization: Bearer <token>`
   * (RFC 6750) and tells of new tokens by the response header `Session-Token`.
   */
  transports?: readonly TransportName[];
  /**
   * What becomes of requests of unsafe methods, and of WebSockets, that bring the cookie and that a page of another origin has
   * sent. `'refuse'` (the default): 403, by `Sec-Fetch-Site`, and where that is missing by `Origin` (OWASP, Cross-Site Request
   * Forgery Prevention Cheat Sheet, "Fetch Metadata headers"). `'allow'`: nothing.
   */
  crossSite?: 'refuse' | 'allow';
  /**
   * Other origins whose pages may send them, as the header `Origin` names them: `['https://app.example.com']`; or a function that
   * says so of each. Default none.
   */
  trustedOrigins?: readonly string[] | ((origin: string) => boolean);
  /** How long a session lives unused, at most `'100y'`. Default `'14d'`. OWASP, "Idle Timeout", asks for less where more is at stake. */
  idleTimeout?: Duration;
  /** How long a session lives at the most (OWASP, "Absolute Timeout"). Default `'30d'`; `false` for no bound. */
  absoluteTimeout?: Duration | false;
  /** How long a use is not written again. Default a twentieth of `idleTimeout`, at most a minute. */
  touchInterval?: Duration;
  /**
   * After how long a session in use gets a new token by itself (OWASP, "Renewal Timeout"). Default `false`: only
   * `regenerate()` gives one.
   */
  renewInterval?: Duration | false;
  /**
   * How long the token before a renewal still finds the session, so that the parallel requests of a page don't sign its
   * user out. Default `'30s'`. `regenerate()` gives no such grace.
   */
  renewGrace?: Duration;
  /**
   * Whether `SessionService.current` works. Default `true` from Node 24 on, where the AsyncLocalStorage behind it costs
   * nothing; `false` on Node 20 and 22, where it costs every request 10 to 20 µs, whether it is used or not.
   */
  current?: boolean;
  /** How long one backend operation may take before the request is answered with 503. Default `'2s'`. */
  backendTimeout?: Duration;
  principals?: PrincipalsOptions;
  /**
   * Where users come from who are signed in with express-session or @fastify/session: `expressSession()` or
   * `fastifySession()` of `nestjs-server-session/express-session`. Default: nowhere.
   */
  migrate?: Migration;
  /**
   * What becomes of a request whose session can't be read because the backend fails. `'fail'` (the default): 503.
   * `'anonymous'`: it goes on with an empty session; writing to that one throws, and the request is answered with 503.
   */
  onBackendError?: 'fail' | 'anonymous';
}

/** What is decided before the options are known, so that `forRootAsync` takes it beside `useFactory`. */
export interface SessionModuleSettings {
  /** Whether `SessionService` can be injected in every module. Default `true`. */
  isGlobal?: boolean;
  /**
   * - `'eager'` (the default): an interceptor loads the session of every request before its handler.
   * - `'lazy'`: no interceptor. A session is loaded when `@Session()`, `SessionService.of` or `SessionMiddleware` asks
   *   for it, and a route that doesn't ask costs nothing.
   */
  load?: 'eager' | 'lazy';
}

/** Makes options, for `forRootAsync({ useClass })` and `useExisting`. */
export interface SessionOptionsFactory {
  createSessionOptions(): SessionOptions | Promise<SessionOptions>;
}

export interface ResolvedCookieOptions {
  readonly name: string;
  readonly path: string;
  readonly domain: string | undefined;
  readonly sameSite: 'strict' | 'lax' | 'none' | 'auto';
  readonly secure: boolean | 'auto';
  readonly httpOnly: boolean;
  readonly partitioned: boolean;
  readonly persistent: boolean;
}

export interface ResolvedMigration {
  readonly migrate: Migration;
  /** 32 bytes that follow from a text and the secret. */
  derive(text: string): Buffer;
}

/** Options with their defaults, checked, in plain units. */
export interface ResolvedSessionOptions {
  /** Of each secret: the first signs, all verify. The secrets themselves are not kept. */
  readonly signatures: readonly Signature[];
  /** See `resolveCookie`. */
  readonly cookie: ResolvedCookieOptions | ((request: unknown) => ResolvedCookieOptions);
  /** At least one, each once. */
  readonly transports: readonly TransportName[];
  /** Whose pages may send what they like; `undefined` for all. */
  readonly isTrusted: ((origin: string) => boolean) | undefined;
  readonly idleMs: number;
  readonly absoluteMs: number;
  readonly touchIntervalMs: number;
  /** `Infinity` for never. */
  readonly renewIntervalMs: number;
  readonly renewGraceMs: number;
  readonly current: boolean;
  readonly backendTimeoutMs: number;
  readonly onBackendError: 'fail' | 'anonymous';
  /** `undefined` for no limit. */
  readonly sessionLimit: SessionLimit | undefined;
  readonly principalOf: PrincipalOf | undefined;
  readonly migration: ResolvedMigration | undefined;
  /** What may be meant otherwise, for whoever starts the application. */
  readonly questions: readonly string[];
}
