/** A session in the index of a principal. */
export interface IndexEntry {
  readonly id: string;
  /**
   * When it was entered, milliseconds since 1970 by the index's clock, made unique within its principal: later entries have
   * greater ones.
   */
  readonly enteredAtMs: number;
}

/** Entries before a time, or those after one. Neither is among them. */
export interface IndexRange {
  readonly beforeMs?: number | undefined;
  readonly afterMs?: number | undefined;
}

/** What became of an entry. */
export interface Entered {
  /**
   * `entered`. Or `fenced`, changing nothing: the session was entered before the last fence that applies to it, and what was
   * under way then may still be written.
   */
  readonly status: 'entered' | 'fenced';
  /** When it was entered: now, or before that fence. */
  readonly enteredAtMs: number;
  /** Whether it had been entered before: its session may be the principal's already. */
  readonly wasEntered: boolean;
  /** How many entries there are, with the new one. */
  readonly count: number;
  /**
   * How old the last fence is that applies to the session, where that is not more than `FENCE_MS`. It is exact, or a bit less:
   * never more.
   */
  readonly fenceAgeMs?: number | undefined;
}

/**
 * Which sessions a principal has. It may name too many for a while, never too few: a session is entered before it is written
 * as the principal's, and taken out after its end. Whoever reads it looks at the sessions themselves.
 *
 * A principal is any well-formed text; two are the same where their code units are.
 */
export interface PrincipalIndex {
  /**
   * Enters a session that is about to be written as the principal's, within `LEASE_MS`. Where it is entered already it is
   * entered again, as the latest, unless there is a fence in between.
   * @param absoluteMs how long it may live at the most: entries older than the greatest of these are dropped, unread
   */
  enter(principal: string, id: string, absoluteMs: number): Promise<Entered>;
  /** Notes that a session that is entered may live so long from now on. */
  extend(principal: string, absoluteMs: number): Promise<void>;
  /** Takes entries out, apart from those that were entered again since. */
  leave(principal: string, entries: readonly IndexEntry[]): Promise<void>;
  /** `limit` entries at the most: the latest first, or those after a time, the earliest first. */
  entries(principal: string, limit: number, range?: IndexRange): Promise<IndexEntry[]>;
  /**
   * Puts a fence between what has been entered, or asked for, before and after: `enter` tells of it for `FENCE_MS`.
   * @param exceptId a session to which it does not apply
   * @returns what every earlier entry is not greater than, and every later one is
   */
  fence(principal: string, exceptId?: string): Promise<number>;
}

/** A backend that keeps an index of principals. Where one has none, it is kept in each process by itself. */
export interface IndexedBackend {
  readonly principals: PrincipalIndex;
}

/**
 * For how long an entry may stand for a session that is not yet written as the principal's. It counts as one until then, and
 * what is written later is refused.
 */
export const LEASE_MS = 30_000;

/** How long a fence is told of. A request that is older can't be told apart from one that came before it. */
export const FENCE_MS = 600_000;

/** Whether a backend has an index of its own. */
export function isIndexed(backend: object): backend is IndexedBackend {
  return typeof (backend as Partial<IndexedBackend>).principals?.enter === 'function';
}
