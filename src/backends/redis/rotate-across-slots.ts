import type { AtomicSessionBackend, SessionRecord, SessionRotation } from '../session-backend.js';
import { applyRotation, isSession } from '../session-change.js';
import { readRecordText, recordText } from './record-text.js';

/**
 * Moves a session on a Cluster, where no script can move a key to another slot. A copy is stored under the new id first,
 * so that nothing is lost if this process ends; then the old session is taken as a unit, and what was written to it in
 * between is carried over.
 *
 * @param take ends the old session and gives its text, as often as it is asked; `null` where somebody else has ended it
 */
export async function rotateAcrossSlots(
  backend: AtomicSessionBackend,
  [id, newId]: readonly [string, string],
  rotation: SessionRotation,
  ttlSeconds: number,
  take: () => Promise<string | null>,
): Promise<boolean> {
  const copy = await backend.get(id);
  const isThere = isSession(copy);
  if (isThere) await backend.set(newId, rotated(copy, rotation), ttlSeconds);
  const last = await take();
  if (last === null) {
    if (isThere) await backend.delete(newId);
    return false;
  }
  const record = rotated(readRecordText(last), rotation);
  // Taken by an earlier try: what it stored may have been changed since.
  if (!isThere) await backend.create(newId, record, ttlSeconds);
  else if (last !== recordText(copy)) await backend.set(newId, record, ttlSeconds);
  return true;
}

function rotated(record: SessionRecord, rotation: SessionRotation): SessionRecord {
  const moved = { ...record };
  applyRotation(moved, rotation);
  return moved;
}
