import type { Duration } from './lifetime.js';

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

export interface RegenerateOptions {
  /** The fields to keep; all of them where it is missing. */
  keep?: readonly (keyof SessionData & string)[];
}

type Key = keyof SessionData & string;
type NumberKey = {
  [K in Key]: SessionData[K] extends number ? K : never;
}[Key];

/** What a session can do beside holding data. */
export interface SessionMembers {
  /** SHA-256 of the token, base64url: the session's public name, for logs, device lists and `revoke(id)`. */
  readonly id: string;
  /** Whether this request began without a stored session. */
  readonly isNew: boolean;
  readonly createdAt: Date;
  /** When the session was last used, at most `touchInterval` behind. */
  readonly lastSeenAt: Date;
  /** When it ends if it is not used again. */
  readonly expiresAt: Date;

  get<K extends Key>(key: K): SessionData[K] | undefined;
  set<K extends Key>(key: K, value: SessionData[K]): void;
  has(key: Key): boolean;
  /** Removes a field; whether there was one. */
  delete(key: Key): boolean;
  /** Merges several fields. */
  update(values: Partial<SessionData>): void;
  /** Removes all data. A session left empty is deleted and its cookie cleared. */
  clear(): void;
  /** Reads and removes: a flash message. */
  take<K extends Key>(key: K): SessionData[K] | undefined;
  /**
   * Adds to a number, from 0 where there is none. Increments of parallel requests all count.
   * @returns the sum as this request sees it
   * @throws TypeError where the field holds something else, or `by` is not a finite number
   */
  increment(key: NumberKey, by?: number): number;
  /**
   * Gives this session a life of its own, for example a long one where somebody asked to be remembered:
   * `session.lifetime({ idle: '30d', absolute: '90d', persistent: true })`. It is kept by `regenerate()`.
   * @throws TypeError which names what is wrong
   */
  lifetime(options: LifetimeOptions): void;
  /** Counts as use now, whatever `touchInterval` says. */
  touch(): void;

  /**
   * Gives the session a new token and id at once; the old ones are dead when the promise resolves. Call it whenever
   * privileges change, at sign-in above all: it is what prevents session fixation (OWASP Session Management Cheat Sheet,
   * "Renew the Session ID After Any Privilege Level Change").
   *
   * Data are kept, all or the fields listed. Where somebody else has ended the session, an empty new one begins.
   * @throws SessionBackendError
   */
  regenerate(options?: RegenerateOptions): Promise<void>;
  regenerate(callback: SessionCallback): Promise<void>;
  /**
   * Saves now, for example before a slow task. What follows is saved at the end as usual.
   * @throws SessionGoneError where somebody else has ended the session
   * @throws SessionValueError where a value can't be stored
   * @throws SessionBackendError
   */
  save(callback?: SessionCallback): Promise<void>;
  /** Reads again what is stored, dropping unsaved changes. @throws SessionBackendError */
  reload(callback?: SessionCallback): Promise<void>;
  /**
   * Deletes the session and clears its cookie. The object is then empty; new data start a new session.
   * @throws SessionBackendError
   */
  destroy(callback?: SessionCallback): Promise<void>;
}

/** A session: its data as plain properties, and the members of {@link SessionMembers}. */
export type Session = Partial<SessionData> & SessionMembers;
