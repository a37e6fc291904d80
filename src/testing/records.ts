import type {
  AtomicSessionBackend,
  Lifetime,
  SessionChange,
  SessionRecord,
} from '../backends/session-backend.js';
import { isMetadata } from '../backends/session-record.js';

/** A life that no case outlives. */
export const LONG: Lifetime = { idleMs: 60_000, absoluteMs: Infinity };
export const TTL = 60;

/** Hashes have 43 characters. */
export const hashOf = (letter: string) => letter.repeat(43);

export async function nowOf(backend: AtomicSessionBackend): Promise<number> {
  await backend.syncClock?.();
  return backend.now?.() ?? Date.now();
}

/** The record of a session that begins now, in generation `g1` and with the hash of `a`s. */
export async function newRecord(
  backend: AtomicSessionBackend,
  data: SessionRecord,
): Promise<SessionRecord> {
  const now = String(await nowOf(backend));
  return { $gen: 'g1', $hash: hashOf('a'), $created: now, $seen: now, ...data };
}

/** A change by a request that loaded that record. */
export function change(parts: Partial<SessionChange> = {}): SessionChange {
  return {
    generation: 'g1',
    hash: hashOf('a'),
    isUse: false,
    set: {},
    remove: [],
    increment: {},
    ...parts,
  };
}

/** The data of a stored session, `null` where there is none. */
export async function dataOf(
  backend: AtomicSessionBackend,
  id: string,
): Promise<SessionRecord | null> {
  const record = await backend.get(id);
  return (
    record && Object.fromEntries(Object.entries(record).filter(([field]) => !isMetadata(field)))
  );
}
