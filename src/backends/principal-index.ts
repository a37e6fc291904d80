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

/** A fence: nothing that was asked for before it is to be entered after it. */
export interface Fence {
  /** Tells it from the others of its principal. */
  readonly number: number;
  /** How old it is. It is exact, or a bit less: never more. */
  readonly ageMs: number;
}

/** What the last fence ends: entries that are not later, but for one session. */
export interface Fenced {
  readonly untilMs: number;
  readonly exceptId?: string | undefined;
}

/** The request that asks for an entry. */
export interface EnteringRequest {
  /** How old it is when it asks. */
  readonly ageMs: number;
  /** The number of the last fence that it is known to have come after. */
  readonly laterThan?: number | undefined;
}

/** What became of an entry. */
export interface Entered {
  /**
   * `entered`. Or else nothing was changed: `overtaken`, as the fence came after the request; `doubtful`, as it may have, by
   * `DOUBT_MS`; or `fenced`, as the session was entered before the fence, and what was under way then may still be written.
   */
  readonly status: 'entered' | 'overtaken' | 'doubtful' | 'fenced';
  /** When it was entered, now or before; 0 where it is not. */
  readonly enteredAtMs: number;
  /** When it had been entered before, where it was: its session may be the principal's already. */
  readonly beforeMs?: number | undefined;
  /** How many entries there are now. */
  readonly count: number;
  /** The last fence that applies to the session, where it is not older than `FENCE_MS`. */
  readonly fence?: Fence | undefined;
  /** What the last fence ends, of whichever session, where it is not older than `FENCE_MS`: it may not have come to that yet. */
  readonly fenced?: Fenced | undefined;
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
   * @param request where there is none, it came after every fence
   */
  enter(
    principal: string,
    id: string,
    absoluteMs: number,
    request?: EnteringRequest,
  ): Promise<Entered>;
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

/**
 * For how long a request may be on its way to the index, after its age was taken. A fence that is younger than the request and
 * this may have come in between; one that comes later than that is found when the answer is there.
 */
export const DOUBT_MS = 2000;

/** Whether a backend has an index of its own. */
export function isIndexed(backend: object): backend is IndexedBackend {
  return typeof (backend as Partial<IndexedBackend>).principals?.enter === 'function';
}
