import {
  type Lifetime,
  OPERATION_MS,
  type SessionChange,
  type SessionRecord,
  type UpdateResult,
} from './session-backend.js';
import {
  expiresAtMs,
  FIELD,
  isEmptyRecord,
  isMetadata,
  numberIn,
  OPERATION_PREFIX,
} from './session-record.js';

const GONE: UpdateResult = { status: 'gone' };

/**
 * Applies a change to a record in place, as `AtomicSessionBackend.update` says: for backends that change records in this
 * process. The record is not touched where the result is `gone`.
 */
export function applyChange(
  record: SessionRecord,
  change: SessionChange,
  lifetime: Lifetime,
  nowMs: number,
  deadlineMs: number,
): UpdateResult {
  checkDeadline(nowMs, deadlineMs);
  const isAlive = expiresAtMs(record, lifetime) > nowMs;
  if (!isAlive || !isAdmitted(record, change)) return GONE;
  const wasEmpty = isEmptyRecord(record);
  changeData(record, change, nowMs);
  changeSecret(record, change, nowMs);
  if (change.isUse) {
    record[FIELD.seenAtMs] = String(Math.max(nowMs, numberIn(record, FIELD.seenAtMs)!));
  }
  const persistent = record[FIELD.isPersistent];
  const current = record[FIELD.hash];
  return {
    status: current === change.hash || current === change.secret?.hash ? 'applied' : 'replaced',
    wasEmpty,
    isEmpty: isEmptyRecord(record),
    expiresAtMs: expiresAtMs(record, lifetime),
    isPersistent: persistent === undefined ? undefined : persistent === '1',
  };
}

/** @throws Error where it is too late for a change */
export function checkDeadline(nowMs: number, deadlineMs: number): void {
  if (nowMs > deadlineMs) throw new Error('the change came too late to be applied');
}

function isAdmitted(record: SessionRecord, { generation, secret }: SessionChange): boolean {
  const isAppliedBefore = secret?.hash !== undefined && record[FIELD.hash] === secret.hash;
  return isAppliedBefore || record[FIELD.generation] === generation;
}

function changeSecret(
  record: SessionRecord,
  { generation, hash, secret }: SessionChange,
  nowMs: number,
): void {
  const current = record[FIELD.hash];
  const isNewGeneration = secret?.generation !== undefined;
  if (isNewGeneration && record[FIELD.generation] === generation) {
    record[FIELD.generation] = secret.generation!;
  }
  if (secret?.hash === undefined || secret.hash === current) return;
  if (isNewGeneration) {
    delete record[FIELD.previous];
  } else if (current === hash && !isEmptyRecord(record)) {
    record[FIELD.previous] = `${current}.${nowMs + secret.graceMs}`;
  } else {
    return;
  }
  record[FIELD.hash] = secret.hash;
  record[FIELD.renewedAtMs] = String(nowMs);
}

function changeData(record: SessionRecord, change: SessionChange, nowMs: number): void {
  const { operation } = change;
  const keep = change.keep && new Set(change.keep);
  const isAppliedBefore = operation !== undefined && Object.hasOwn(record, operation);
  for (const field of Object.keys(record)) {
    if (isStale(record, field, nowMs)) delete record[field];
    else if (keep && !isAppliedBefore && !isMetadata(field) && !keep.has(field)) {
      delete record[field];
    }
  }
  if (isAppliedBefore) return;
  if (operation !== undefined) record[operation] = String(nowMs + OPERATION_MS);
  for (const field of change.remove) delete record[field];
  Object.assign(record, change.set);
  for (const [field, by] of Object.entries(change.increment)) {
    const sum = (finite(record[field]) ?? 0) + by;
    if (Number.isFinite(sum)) record[field] = String(sum);
  }
}

/** Whether a field is the name of a change that nobody sends any more. */
function isStale(record: SessionRecord, field: string, nowMs: number): boolean {
  return field.startsWith(OPERATION_PREFIX) && !(Number(record[field]) > nowMs);
}

function finite(text: string | undefined): number | undefined {
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}
