import type { Lifetime, SessionRecord } from './session-backend.js';

/** The session's own fields in a record. Times are milliseconds since 1970, lengths milliseconds, as decimal text. */
export const FIELD = {
  /** Changes with each `regenerate`. */
  generation: '$gen',
  /** SHA-256 of the secret, base64url. */
  hash: '$hash',
  createdAtMs: '$created',
  seenAtMs: '$seen',
  /** When the secret came, where that was not at the creation. */
  renewedAtMs: '$renewed',
  /** The hash before a renewal, and until when it counts: `<hash>.<ms>`. */
  previous: '$previous',
  /** A life of its own. `Infinity` is written so. */
  idleMs: '$idle',
  absoluteMs: '$absolute',
  /** Whether its cookie outlives the browser: `1` or `0`. */
  isPersistent: '$persistent',
  /** Whose session it is, and when the principal's index entered it. */
  principal: '$principal',
  signedInAtMs: '$signedIn',
  /** The format of the record, where it is not the one that this version writes. */
  version: '$version',
} as const;

/** Begins the names of changes. */
export const OPERATION_PREFIX = '$op:';

/** Whether a field is the session's own and not the user's: whether it begins with `$`. */
export function isMetadata(field: string): boolean {
  return field.charCodeAt(0) === 36;
}

/** Whether a record holds no data, and is nobody's. */
export function isEmptyRecord(record: SessionRecord): boolean {
  for (const field in record) if (!isMetadata(field)) return false;
  return record[FIELD.principal] === undefined;
}

/** The number that a field holds; `undefined` where it is missing, NaN where it holds something else. */
export function numberIn(record: SessionRecord, field: string): number | undefined {
  const text = record[field];
  return text === undefined ? undefined : Number(text || Number.NaN);
}

/** When a record's session ends if it is not used again; NaN where its times are missing or broken. */
export function expiresAtMs(record: SessionRecord, standard: Lifetime): number {
  const idleMs = numberIn(record, FIELD.idleMs) ?? standard.idleMs;
  const absoluteMs = numberIn(record, FIELD.absoluteMs) ?? standard.absoluteMs;
  return Math.min(
    (numberIn(record, FIELD.seenAtMs) ?? Number.NaN) + idleMs,
    (numberIn(record, FIELD.createdAtMs) ?? Number.NaN) + absoluteMs,
  );
}

/** Whole seconds that a record lives from now on, at least 1. */
export function ttlSeconds(record: SessionRecord, standard: Lifetime, nowMs: number): number {
  return Math.max(1, Math.ceil((expiresAtMs(record, standard) - nowMs) / 1000));
}
