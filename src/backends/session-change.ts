import {
  NEXT,
  type SessionChange,
  type SessionRecord,
  type SessionRotation,
} from './session-backend.js';

/** Whether a field is the session's own and not the user's: whether it begins with `$`. */
export function isMetadata(field: string): boolean {
  return field.charCodeAt(0) === 36;
}

/** Whether a record is a session, and does not only lead to one. */
export function isSession(record: SessionRecord | null | undefined): record is SessionRecord {
  return record !== null && record !== undefined && !Object.hasOwn(record, NEXT);
}

/** Whether a record holds no data, only metadata. */
export function isEmptyRecord(record: SessionRecord): boolean {
  return Object.keys(record).every(isMetadata);
}

/** Applies a change to a record in place, for backends that change records in this process. */
export function applyChange(record: SessionRecord, change: SessionChange): void {
  const { operation } = change;
  if (operation !== undefined) {
    if (Object.hasOwn(record, operation)) return;
    record[operation] = '1';
  }
  for (const field of change.remove) delete record[field];
  Object.assign(record, change.set);
  for (const [field, by] of Object.entries(change.increment)) {
    const current = Number(record[field] ?? 0);
    record[field] = String((Number.isFinite(current) ? current : 0) + by);
  }
}

/** Applies a rotation to a record in place. */
export function applyRotation(record: SessionRecord, rotation: SessionRotation): void {
  if (rotation.keep) {
    for (const field of Object.keys(record)) {
      if (!isMetadata(field) && !rotation.keep.includes(field)) delete record[field];
    }
  }
  applyChange(record, rotation);
}
