import type { Model } from './model.js';

/** What is promised, in the order of docs and report. */
export const PROMISES = {
  'no-lost-write': 'no acknowledged write is lost',
  'no-late-write': 'no write is stored after its 503 over a newer one',
  'exact-increments': 'increments count exactly once',
  'dead-stay-dead': 'no session is seen after its acknowledged end',
  'dead-tokens': 'no token works after the acknowledged regenerate that replaced it',
  'no-dead-cookies': 'no cookie of a dead session after its end was acknowledged',
  'both-clocks': 'no session outlives its idle or absolute timeout',
  'own-values': 'nobody sees what another session holds, or what a handler took back',
  'one-id': 'a session has one id for life',
  everywhere: 'no session of before is seen as its principal’s after revokeAll',
  'whole-lists': 'a list has each live session of its principal, and no other',
  'exact-limit': 'no principal has more sessions than the limit',
  'refused-for-cause': 'a sign-in is refused only for the limit or a revocation',
  'refused-as-it-was': 'a sign-in that was refused leaves its session as it was',
  'goes-on': 'a signed-in session goes on until something ends it',
  'told-in-time': 'who watches a session is told of its end in time',
  'told-for-cause': 'who watches a session is told of no end but its own',
  whose: 'a session is whose its sign-in says',
  'no-500': 'no answer but those intended and 503, and no process that ends by itself',
  'no-hang': 'no request hangs beyond its bound, or is cut off',
  'back-again': 'no 503 while nothing is wrong',
} as const;
export type PromiseName = keyof typeof PROMISES;

export interface Violation {
  readonly promise: PromiseName;
  /** One sentence that says what is wrong. */
  readonly what: string;
  /** The requests that show it, those that matter most first. */
  readonly requests: readonly number[];
  /** The session that it is about. */
  readonly session?: string;
  /** When it was certain, where that is no answer's time. */
  readonly shownMs?: number;
}

/** What one part of the checker gives: what is wrong, and how much it looked at. */
export interface Verdict {
  readonly violations: Violation[];
  /** How many comparisons each promise had. */
  readonly checked: Partial<Record<PromiseName, number>>;
  /** What was too close to tell, counted apart. */
  readonly close?: number;
}

export type Check = (model: Model) => Verdict;
