import { NEXT, type SessionRecord } from '../backends/session-backend.js';
import { decodeField } from './codec.js';
import { isMetadata } from '../backends/session-change.js';
import { expiresAtMs, readMetadata, type SessionMetadata } from './metadata.js';
import type { SessionData } from './session.js';
import { observed } from './session-events.js';
import type { SessionRuntime } from './session-runtime.js';

/** A session as it is stored, apart from any request. Changing it changes nothing. */
export interface StoredSession {
  readonly id: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
  readonly data: Partial<SessionData>;
}

/** A session as it was read: where it is, what the backend holds, and both parts of that decoded. */
export interface LiveRecord {
  readonly id: string;
  readonly record: SessionRecord;
  readonly metadata: SessionMetadata;
  readonly data: ReadonlyMap<string, unknown>;
}

/** The record of a session that is alive; `null` where there is none, or it can't be decoded. */
export function readRecord(runtime: SessionRuntime, id: string): Promise<LiveRecord | null> {
  return observed('load', id, () => read(runtime, id));
}

async function read(runtime: SessionRuntime, id: string): Promise<LiveRecord | null> {
  const record = await runtime.backend.get(id);
  if (!record) return null;
  const next = record[NEXT];
  if (next === undefined) return decodeRecord(runtime, id, record);
  const moved = await runtime.backend.get(next);
  return moved && decodeRecord(runtime, next, moved);
}

function decodeRecord(
  runtime: SessionRuntime,
  id: string,
  record: SessionRecord,
): LiveRecord | null {
  const metadata = readMetadata(record);
  const data = metadata && decodeData(runtime, record);
  if (!data) {
    runtime.onUndecodable(id);
    return null;
  }
  const isAlive = expiresAtMs(metadata, runtime.lifetime) > Date.now();
  return isAlive ? { id, record, metadata, data } : null;
}

function decodeData(runtime: SessionRuntime, record: SessionRecord) {
  const data = new Map<string, unknown>();
  try {
    for (const key in record) {
      if (!isMetadata(key)) data.set(key, decodeField(runtime.codec, record[key]!));
    }
    return data;
  } catch {
    return undefined;
  }
}

/** Reads a session by its id; `null` where there is none that is alive and can be decoded. */
export async function readSession(
  runtime: SessionRuntime,
  id: string,
): Promise<StoredSession | null> {
  const found = await readRecord(runtime, id);
  if (!found) return null;
  const { metadata, data } = found;
  return {
    id: found.id,
    createdAt: new Date(metadata.createdAtMs),
    lastSeenAt: new Date(metadata.seenAtMs),
    expiresAt: new Date(expiresAtMs(metadata, runtime.lifetime)),
    data: Object.fromEntries(data) as Partial<SessionData>,
  };
}
