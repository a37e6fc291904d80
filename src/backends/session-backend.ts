/**
 * A session as a backend keeps it: a flat map of field name to encoded text.
 * Names that begin with `$` are the session's own metadata; the others are the user's data.
 */
export type SessionRecord = Record<string, string>;

/**
 * What a session backend must do. Three methods are enough.
 *
 * Every backend answers `null` for an id that is unknown, expired or malformed; a rejected promise means that the
 * system failed. Records go in and come out as copies. The key is the session's public id (SHA-256 of its token), so
 * what a backend stores signs nobody in.
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
}

/** One change to a session's record. Its three parts never name the same field. */
export interface SessionChange {
  /** Fields to write, as encoded text. */
  readonly set: SessionRecord;
  /** Fields to remove. */
  readonly remove: readonly string[];
  /** Numbers to add to fields. A field that is missing or holds no number counts from 0. */
  readonly increment: Readonly<Record<string, number>>;
  /**
   * A field that names this change, so that it counts once however often it is sent: where the record has the field,
   * nothing is changed and the answer is `true`; otherwise the field is set to `1` with the change.
   */
  readonly operation?: string;
}

/** What `rotate` does to the record on its way to the new id. */
export interface SessionRotation extends SessionChange {
  /** Data fields to keep, applied before the change; all of them where it is missing. Metadata are always kept. */
  readonly keep?: readonly string[];
  /**
   * For how many seconds the old id still leads to the new one: it then holds the record `{ $next: newId }`, which only
   * `get` and `delete` see. Where it is missing the old id is dead at once.
   */
  readonly graceSeconds?: number;
}

/** The field of a record that only leads to the id at which its session is now. */
export const NEXT = '$next';

/**
 * A backend that changes a session as a unit, which is what makes parallel requests safe across processes.
 * A backend has either all of these methods or none; one that has none is made safe within one process by
 * {@link AtomicAdapter}.
 */
export interface AtomicSessionBackend extends SessionBackend {
  /** Adds a session; `false`, changing nothing, where the id is taken. */
  create(id: string, record: SessionRecord, ttlSeconds: number): Promise<boolean>;
  /**
   * Applies one change and sets the time to live; `false`, changing nothing, where the session no longer exists.
   * Here and in the methods below a session that has moved on (`$next`) no longer exists.
   */
  update(id: string, change: SessionChange, ttlSeconds: number): Promise<boolean>;
  /** Sets `$seen` and the time to live; `false` where the session no longer exists. */
  touch(id: string, ttlSeconds: number, seen: string): Promise<boolean>;
  /**
   * Moves a session to `newId` and applies a change, so that `id` is dead when this resolves; `false`, changing
   * nothing, where the session no longer exists.
   */
  rotate(
    id: string,
    newId: string,
    rotation: SessionRotation,
    ttlSeconds: number,
  ): Promise<boolean>;
  /** Deletes a session that holds no data, only metadata; `false`, changing nothing, where it holds some. */
  deleteEmpty(id: string): Promise<boolean>;
}

const ATOMIC_METHODS = ['create', 'update', 'touch', 'rotate', 'deleteEmpty'] as const;

/**
 * Whether a backend has the atomic methods.
 *
 * @throws TypeError where it lacks one of the three basic methods, or has only some of the atomic ones
 */
export function isAtomic(backend: SessionBackend): backend is AtomicSessionBackend {
  const has = (name: string) =>
    typeof (backend as unknown as Record<string, unknown> | null)?.[name] === 'function';
  const missing = (['get', 'set', 'delete'] as const).filter((name) => !has(name));
  if (missing.length > 0) {
    throw new TypeError(
      `The session backend has no method ${missing.join(', ')}. Write a class with get(id), set(id, record, ttlSeconds) and delete(id).`,
    );
  }
  const lacking = ATOMIC_METHODS.filter((name) => !has(name));
  if (lacking.length > 0 && lacking.length < ATOMIC_METHODS.length) {
    throw new TypeError(
      `The session backend has some atomic methods, but not ${lacking.join(', ')}. Write all of ${ATOMIC_METHODS.join(', ')}, or none of them.`,
    );
  }
  return lacking.length === 0;
}
