import type { Duration } from './lifetime.js';
import type { StoredValue } from './stored-value.js';

/**
 * The data of a session. Empty here; declare your own:
 *
 * ```ts
 * declare module 'nestjs-server-session' {
 *   interface SessionData { visits: number }
 * }
 * ```
 */
export interface SessionData {}

/** Names that data can't have: those of members, and those that begin with `$` or `~`. */
type ReservedKey = keyof SessionMembers | `$${string}` | `~${string}`;
/** The names of a session's data. */
export type SessionKey = Exclude<keyof SessionData & string, ReservedKey>;

/** The values of a session's data, each a type that can be stored. */
export type SessionValues = { [K in keyof SessionData]: StoredValue<SessionData[K]> };

type NumberKey = {
  [K in SessionKey]-?: NonNullable<SessionData[K]> extends number ? K : never;
}[SessionKey];

/** A Node-style callback, as middleware written for express-session passes. */
export type SessionCallback = (error?: unknown) => void;

/** How long one session lives, where that is not what the module's options say. */
export interface LifetimeOptions {
  /** How long it lives unused. */
  idle?: Duration;
  /** How long it lives at the most; `false` for no bound. */
  absolute?: Duration | false;
  /** Whether its cookie outlives the browser. */
  persistent?: boolean;
}

/** What goes along with a new token. */
export interface RegenerateOptions {
  /** The fields to keep; all of them where it is missing. */
  keep?: readonly SessionKey[];
}

/** What goes along with a sign-in, and how long it lasts. */
export interface SignInOptions extends RegenerateOptions {
  /** A life of its own, as `lifetime` gives one; `absolute` counts from the sign-in, and has to be there. */
  lifetime?: LifetimeOptions;
}

/** What a session can do beside holding data. */
export interface SessionMembers {
  /**
   * The session's public name for its whole life, whatever its token does: 128 random bits, base64url. For logs, device
   * lists and `revoke(id)`; it opens nothing.
   */
  readonly id: string;
  /**
   * Changes with each `regenerate()`, and not with a renewal by itself: what is bound to it, such as a CSRF token, ends at
   * sign-in. 48 random bits, base64url.
   */
  readonly generation: string;
  /** Whether this request began without a stored session. */
  readonly isNew: boolean;
  readonly createdAt: Date;
  /** When the session was last used, at most `touchInterval` behind. */
  readonly lastSeenAt: Date;
  /** When it ends if it is not used again. */
  readonly expiresAt: Date;

  /** Whose session it is, as `signIn` was told; `undefined` where it is nobody's. */
  readonly principal: string | undefined;
  readonly signedInAt: Date | undefined;

  get<K extends SessionKey>(key: K): SessionValues[K] | undefined;
  set<K extends SessionKey>(key: K, value: SessionValues[K]): void;
  has(key: SessionKey): boolean;
  /** Removes a field; whether there was one. */
  delete(key: SessionKey): boolean;
  /** Merges several fields. */
  update(values: Partial<Pick<SessionValues, SessionKey>>): void;
  /** Removes all data. A session left empty ends within a minute, and its cookie is cleared. */
  clear(): void;
  /** Reads and removes: what is to be used once, whenever that is. */
  take<K extends SessionKey>(key: K): SessionValues[K] | undefined;
  /**
   * Leaves a value for the next request, beside the data: a message to show after a redirect, or what was wrong with a form.
   * The next HTTP request that uses the session finds it by `getFlash`, and it is gone with that request, looked at or not.
   */
  setFlash<K extends SessionKey>(key: K, value: SessionValues[K]): void;
  /** What the request before has left by `setFlash`. */
  getFlash<K extends SessionKey>(key: K): SessionValues[K] | undefined;
  /** Leaves what the request before has left for one more, all of it or that of some keys. */
  keepFlash(...keys: SessionKey[]): void;
  /**
   * Adds to a number, from 0 where there is none. Increments of parallel requests all count.
   * @returns the sum as this request sees it
   * @throws TypeError where the field holds something else, or `by` is not a finite number; RangeError where the sum is not
   */
  increment(key: NumberKey, by?: number): number;
  /**
   * Gives this session a life of its own, for example a long one where somebody asked to be remembered:
   * `session.lifetime({ idle: '30d', absolute: '90d', persistent: true })`. It is kept by `regenerate()`.
   * @throws TypeError which names what is wrong
   */
  lifetime(options: LifetimeOptions): void;
  /** Counts as use now, whatever `touchInterval` says. */
  touch(): this;

  /**
   * Gives the session a new token, and a new `generation`; `id` stays. Call it whenever privileges change, at sign-in above
   * all: it is what prevents session fixation (OWASP Session Management Cheat Sheet, "Renew the Session ID After Any
   * Privilege Level Change").
   *
   * It is written with the next change, by `save()` or before the response leaves: the old token is dead then, and where
   * that fails everything is as it was. Data are kept, all or the fields listed. Where somebody else has ended the session,
   * or given it another generation by then, a new one begins, with another id and what this request has put there: not with
   * what it has read, though it changed a part of that. Whoever keeps the id calls `save()` first.
   * @throws SessionTokenError where the client can't be told, as the head of the response has left
   */
  regenerate(options?: RegenerateOptions | readonly SessionKey[]): Promise<void>;
  regenerate(callback: SessionCallback): this;
  regenerate(options: RegenerateOptions | undefined, callback: SessionCallback): this;
  /**
   * Signs a principal in: with what is saved next the session is theirs and has a new token and `generation`; the token
   * before is dead, whoever has it (OWASP, "Renew the Session ID After Any Privilege Level Change"). Call it when credentials
   * have been verified, in place of `regenerate()`.
   *
   * Data stay, or those in `keep`. A session that is another principal's ends, and a new one begins with nothing but what
   * `keep` names.
   *
   * The absolute timeout counts from here. Where nothing can be saved, all stays as it was: with a `SignInRevokedError` (401)
   * where `revokeAll` has come in between, and with a `SessionLimitError` (409) by the option `principals.onLimit`.
   * @throws TypeError where the principal is no text, empty or longer than 255 characters, or the session would never end
   * @throws SessionTokenError where the client can't be told of its new token
   */
  signIn(principal: string, options?: SignInOptions): Promise<void>;
  /**
   * Ends the session, as `destroy()`. With `keep`, those fields go on in a new session that is nobody's.
   * @throws SessionTokenError over a socket where something is kept, which then ends nothing
   * @throws SessionBackendError
   */
  signOut(options?: RegenerateOptions): Promise<void>;
  /**
   * Saves now, for example before a slow task. What follows is saved at the end as usual.
   * @throws SessionGoneError where somebody else has ended the session
   * @throws SessionTokenError where it would begin a session that its client can't be told of
   * @throws SessionValueError where a value can't be stored
   * @throws SessionBackendError
   */
  save(): Promise<void>;
  save(callback: SessionCallback): this;
  /**
   * Reads again what is stored, dropping unsaved changes; a new token that was asked for stays asked for.
   * @throws SessionGoneError where somebody else has ended the session
   * @throws SessionBackendError
   */
  reload(): Promise<void>;
  reload(callback: SessionCallback): this;
  /**
   * Ends the session, whatever other requests have made of it, and clears its cookie. The object is then empty; new data
   * start a new session.
   * @throws SessionBackendError
   */
  destroy(): Promise<void>;
  destroy(callback: SessionCallback): this;
}

/** A session: its data as plain properties, and the members of {@link SessionMembers}. */
export type Session = Partial<Omit<SessionValues, ReservedKey>> & SessionMembers;
