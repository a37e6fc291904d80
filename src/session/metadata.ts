import { FIELD, isMetadata, numberIn } from '../backends/session-record.js';
import type { Lifetime, SessionRecord } from '../backends/session-backend.js';

/** What a session knows of itself, beside its data. Times are milliseconds since 1970. */
export interface SessionMetadata {
  readonly createdAtMs: number;
  readonly seenAtMs: number;
  /** When it got its secret, where that was not when it was created. */
  readonly renewedAtMs?: number | undefined;
  /** A life of its own, where it has one. */
  readonly idleMs?: number | undefined;
  readonly absoluteMs?: number | undefined;
  readonly isPersistent?: boolean | undefined;
  /** Whose it is, and since when. */
  readonly principal?: string | undefined;
  readonly signedInAtMs?: number | undefined;
}

/** A life of its own for one session. */
export type OwnLifetime = Pick<SessionMetadata, 'idleMs' | 'absoluteMs' | 'isPersistent'>;

type NumberName = Exclude<keyof SessionMetadata, 'principal'>;

const NUMBERS = Object.keys({
  createdAtMs: true,
  seenAtMs: true,
  renewedAtMs: true,
  idleMs: true,
  absoluteMs: true,
  isPersistent: true,
  signedInAtMs: true,
} satisfies Record<NumberName, true>) as NumberName[];

/** The metadata of a record, `undefined` where they are missing or broken. */
export function readMetadata(record: SessionRecord): SessionMetadata | undefined {
  const createdAtMs = numberIn(record, FIELD.createdAtMs);
  const seenAtMs = numberIn(record, FIELD.seenAtMs);
  const renewedAtMs = numberIn(record, FIELD.renewedAtMs);
  const idleMs = numberIn(record, FIELD.idleMs);
  const absoluteMs = numberIn(record, FIELD.absoluteMs);
  const persistent = numberIn(record, FIELD.isPersistent);
  const signedInAtMs = numberIn(record, FIELD.signedInAtMs);
  const principal = record[FIELD.principal];
  if (!Number.isSafeInteger(createdAtMs) || !Number.isSafeInteger(seenAtMs)) return undefined;
  if (Number.isNaN(renewedAtMs) || Number.isNaN(idleMs)) return undefined;
  if (Number.isNaN(absoluteMs) || Number.isNaN(persistent)) return undefined;
  if (Number.isNaN(signedInAtMs) || (principal === undefined) !== (signedInAtMs === undefined)) {
    return undefined;
  }
  const isPersistent = persistent === undefined ? undefined : persistent === 1;
  return {
    createdAtMs: createdAtMs!,
    seenAtMs: seenAtMs!,
    renewedAtMs,
    idleMs,
    absoluteMs,
    isPersistent,
    principal,
    signedInAtMs,
  };
}

/** When a session ends if it is not used again. */
export function endsAtMs(metadata: SessionMetadata, standard: Lifetime): number {
  const { createdAtMs, seenAtMs, idleMs, absoluteMs } = metadata;
  return Math.min(
    seenAtMs + (idleMs ?? standard.idleMs),
    createdAtMs + (absoluteMs ?? standard.absoluteMs),
  );
}

/** Metadata as fields of a record. */
export function metadataRecord(metadata: Partial<SessionMetadata>): SessionRecord {
  const record: SessionRecord = {};
  for (const name of NUMBERS) {
    const value = metadata[name];
    if (value !== undefined) record[FIELD[name]] = String(Number(value));
  }
  if (metadata.principal !== undefined) record[FIELD.principal] = metadata.principal;
  return record;
}

/** The names of a record's data. */
export function dataFields(record: SessionRecord): string[] {
  return Object.keys(record).filter((field) => !isMetadata(field));
}
