import type { SessionRecord } from '../backends/session-backend.js';
import { isMetadata } from '../backends/session-change.js';
import type { Lifetime } from './lifetime.js';

/** What a session knows of itself, beside its data. Times are milliseconds since 1970. */
export interface SessionMetadata {
  readonly createdAtMs: number;
  readonly seenAtMs: number;
  /** When it got its token, where that was not when it was created. */
  readonly renewedAtMs?: number | undefined;
  /** A life of its own, where it has one. */
  readonly idleMs?: number | undefined;
  readonly absoluteMs?: number | undefined;
  readonly isPersistent?: boolean | undefined;
}

/** A life of its own for one session. */
export type OwnLifetime = Pick<SessionMetadata, 'idleMs' | 'absoluteMs' | 'isPersistent'>;

/** How each is stored. An infinite time is stored as `Infinity`, which `Number` reads. */
const FIELDS: Record<keyof SessionMetadata, string> = {
  createdAtMs: '$created',
  seenAtMs: '$seen',
  renewedAtMs: '$renewed',
  idleMs: '$idle',
  absoluteMs: '$absolute',
  isPersistent: '$persistent',
};

const ENTRIES = Object.entries(FIELDS) as [keyof SessionMetadata, string][];

/** The metadata of a record, `undefined` where they are missing or broken. */
export function readMetadata(record: SessionRecord): SessionMetadata | undefined {
  const createdAtMs = numberOf(record[FIELDS.createdAtMs]);
  const seenAtMs = numberOf(record[FIELDS.seenAtMs]);
  const renewedAtMs = numberOf(record[FIELDS.renewedAtMs]);
  const idleMs = numberOf(record[FIELDS.idleMs]);
  const absoluteMs = numberOf(record[FIELDS.absoluteMs]);
  const persistent = numberOf(record[FIELDS.isPersistent]);
  if (!Number.isSafeInteger(createdAtMs) || !Number.isSafeInteger(seenAtMs)) return undefined;
  const isBroken = [renewedAtMs, idleMs, absoluteMs, persistent].some(Number.isNaN);
  if (isBroken) return undefined;
  const isPersistent = persistent === undefined ? undefined : persistent === 1;
  return {
    createdAtMs: createdAtMs!,
    seenAtMs: seenAtMs!,
    renewedAtMs,
    idleMs,
    absoluteMs,
    isPersistent,
  };
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text || Number.NaN);
}

/** Metadata as fields of a record. */
export function metadataRecord(metadata: Partial<SessionMetadata>): SessionRecord {
  const record: SessionRecord = {};
  for (const [name, field] of ENTRIES) {
    const value = metadata[name];
    if (value !== undefined) record[field] = String(Number(value));
  }
  return record;
}

/** How long a session lives: as all do, or as it was told. */
export function lifetimeOf(metadata: SessionMetadata, standard: Lifetime): Lifetime {
  const { idleMs = standard.idleMs, absoluteMs = standard.absoluteMs } = metadata;
  return { idleMs, absoluteMs };
}

export function expiresAtMs(metadata: SessionMetadata, standard: Lifetime): number {
  const { idleMs, absoluteMs } = lifetimeOf(metadata, standard);
  return Math.min(metadata.seenAtMs + idleMs, metadata.createdAtMs + absoluteMs);
}

/** Whole seconds that a session used at `seenAtMs` lives from then on, at least 1. */
export function ttlSeconds(metadata: SessionMetadata, standard: Lifetime): number {
  return Math.max(1, Math.ceil((expiresAtMs(metadata, standard) - metadata.seenAtMs) / 1000));
}

/** The names of a record's data. */
export function dataFields(record: SessionRecord): string[] {
  return Object.keys(record).filter((field) => !isMetadata(field));
}
