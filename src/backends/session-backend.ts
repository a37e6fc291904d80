/**
 * A session as a backend keeps it: a flat map of field name to encoded text.
 * Names that begin with `$` are the session's own metadata; the others are the user's data.
 */
export type SessionRecord = Record<string, string>;

/**
 * What a session backend must do. Three methods are enough.
 *
 * Every backend answers `null` for an id that is unknown, expired or malformed; a rejected promise means that the
 * system failed. Records go in and come out as copies. The key is the session's public id, and a record has only the
 * hash of the secret that its client holds, so what a backend stores signs nobody in.
 *
 * Prove an implementation with the cases of `nestjs-server-session/testing`.
 */
export interface SessionBackend {
  /** The record of a live session, or `null`. */
  get(id: string): Promise<SessionRecord | null>;
  /** Stores a whole record, replacing what was there, for `ttlSeconds` (a whole number, at least 1). */
  set(id: string, record: SessionRecord, ttlSeconds: number): Promise<void>;
  /** Removes a session; one that does not exist is no error. */
  delete(id: string): Promise<void>;
  /**
   * Why the backend can't be reached now, where it knows, such as the last error of its connection. It is named in the log
   * beside an operation that was not answered.
   */
  readonly lastError?: unknown;
}

/** How long sessions live whose records say nothing else (`$idle`, `$absolute`). The earlier end counts. */
export interface Lifetime {
  /** How long one lives unused. */
  readonly idleMs: number;
  /** How long one lives at the most, used or not; `Infinity` for no bound. */
  readonly absoluteMs: number;
}

/** A new secret for a session, a new generation, or both. The record keeps a secret's hash, and when it came (`$renewed`). */
export interface SecretChange {
  /** The new secret's hash. Where it is missing the secret stays, and only the generation is new. */
  readonly hash?: string;
  /**
   * The new `$gen`: all that was under way with the old one is refused from then on. Where it is missing this is a renewal:
   * it takes place only where the record's hash is the change's `hash` and the session is left with data, since nobody is told
   * the token of one without; that hash goes on counting for `graceMs` (`$previous`).
   */
  readonly generation?: string;
  readonly graceMs: number;
}

/** One change to a session's record. `set`, `remove` and `increment` never name the same field. */
export interface SessionChange {
  /** The `$gen` that the record must have. */
  readonly generation: string;
  /** The hash of the secret that the request came with. */
  readonly hash: string;
  readonly secret?: SecretChange | undefined;
  /** Whether it counts as use of the session: `$seen` moves to now, and never back. */
  readonly isUse: boolean;
  /** Data fields that stay; all of them where it is missing. Metadata stay in any case. Applied before the rest. */
  readonly keep?: readonly string[] | undefined;
  /** Fields to write, as encoded text. */
  readonly set: SessionRecord;
  /** Fields to remove. */
  readonly remove: readonly string[];
  /**
   * Numbers to add to fields. A field that is missing or holds no number counts from 0; one whose sum would not be finite
   * stays as it is.
   */
  readonly increment: Readonly<Record<string, number>>;
  /**
   * A field that names this change, so that its data count once however often it is sent: where the record has the field,
   * they are left out; otherwise the field is set with them, to the time until which it is kept (`OPERATION_MS`).
   */
  readonly operation?: string | undefined;
}

/** What became of a change. */
export type UpdateResult =
  | {
      /**
       * `gone`, changing nothing: there is no live session, or it has another `$gen` and its hash is not the change's own new
       * one (which says that the change was applied before).
       */
      readonly status: 'gone';
    }
  | {
      /**
       * `applied`: the record's hash is the one that the request came with, or the change's new one.
       * `replaced`: applied as well, but another request has renewed the secret.
       */
      readonly status: 'applied' | 'replaced';
      /** Whether the session held no data before. */
      readonly wasEmpty: boolean;
      /** Whether it holds none now: its record then lives on for `EMPTY_MS` at the most. */
      readonly isEmpty: boolean;
      /** When the session ends if it is not used again, by the backend's clock. */
      readonly expiresAtMs: number;
      /** What the record says of its cookie, `$persistent`. */
      readonly isPersistent: boolean | undefined;
    };

/** How long the name of a change stays in a record at the most, if nobody takes it out before. */
export const OPERATION_MS = 30_000;

/** How long a session without data lives on, for requests under way that still write to it. */
export const EMPTY_MS = 60_000;

/**
 * A backend that changes a session as a unit, which is what makes parallel requests safe across processes.
 * A backend has either both of these methods or none; one that has none is made safe within one process by
 * {@link AtomicAdapter}.
 */
export interface AtomicSessionBackend extends SessionBackend {
  /**
   * Adds a session; `false`, changing nothing, where the id is taken.
   * @param deadlineMs when it is too late to add it, by the backend's clock: it then rejects and changes nothing
   */
  create(
    id: string,
    record: SessionRecord,
    ttlSeconds: number,
    deadlineMs?: number,
  ): Promise<boolean>;
  /**
   * Applies one change, and gives the record the life that its own times say.
   * @param deadlineMs when it is too late to apply it, by the backend's clock: it then rejects and changes nothing
   */
  update(
    id: string,
    change: SessionChange,
    lifetime: Lifetime,
    deadlineMs?: number,
  ): Promise<UpdateResult>;
  /** The backend's clock, milliseconds since 1970, by which sessions end. Where it is missing, this process' clock is. */
  now?(): number;
  /** Makes sure that `now` knows the time; a promise where that takes any. `get` does so itself. */
  syncClock?(): Promise<void> | undefined;
}

const ATOMIC_METHODS = ['create', 'update'] as const;

/**
 * Whether a backend has the atomic methods.
 *
 * @throws TypeError where it lacks one of the three basic methods, or has only some of the atomic ones
 */
export function isAtomic(backend: SessionBackend): backend is AtomicSessionBackend {
  const has = (name: string) =>
    typeof (backend as unknown as Record<string, unknown> | null)?.[name] === 'function';
  const missing = (['get', 'set', 'delete'] as const).filter((name) => !has(name));
  if (missing.length > 0) throw new TypeError(whatItIs(backend, has) ?? lackOf(missing));
  const lacking = ATOMIC_METHODS.filter((name) => !has(name));
  if (lacking.length > 0 && lacking.length < ATOMIC_METHODS.length) {
    throw new TypeError(
      `The session backend has some atomic methods, but not ${lacking.join(', ')}. Write all of ${ATOMIC_METHODS.join(', ')}, or none of them.`,
    );
  }
  return lacking.length === 0;
}

function lackOf(missing: readonly string[]): string {
  return `The session backend has no method ${missing.join(', ')}. Write a class with get(id), set(id, record, ttlSeconds) and delete(id).`;
}

/** Of what is taken for a backend, what to write instead. */
function whatItIs(backend: unknown, has: (name: string) => boolean): string | undefined {
  if (typeof backend === 'string') {
    return 'The session backend is a string. For Redis write RedisBackend.fromUrl(url), for PostgreSQL PostgresBackend.fromUrl(url).';
  }
  if (typeof backend === 'function') {
    const name = backend.name || 'MyBackend';
    const isOwn = 'fromUrl' in backend;
    return `The session backend is a class or a function. Write an instance, such as ${isOwn ? `${name}.fromUrl(url)` : `new ${name}()`}.`;
  }
  if (backend instanceof Promise) {
    return 'The session backend is a promise. Await it in useFactory of SessionModule.forRootAsync().';
  }
  if (has('destroy') && has('createSession')) {
    return 'The session backend is a store of express-session. For Redis and PostgreSQL write RedisBackend or PostgresBackend, to which its users come along by migrate; for others write new StoreBackend(store) of nestjs-server-session/express-session.';
  }
  if (has('multi') || has('sendCommand')) {
    return 'The session backend is a client of Redis. Write new RedisBackend({ client }).';
  }
  if (has('query')) {
    return 'The session backend is a client of a database. For PostgreSQL write new PostgresBackend({ pool }).';
  }
  return undefined;
}
