import { escaped } from '../escaped-text.js';
import type { Lifetime, SessionChange, UpdateResult } from '../session-backend.js';
import type { Row } from './connection.js';
import { splitJson } from './record-row.js';

/** Whether a change touches data or metadata by name. */
export function hasData({ set, remove, increment, keep }: SessionChange): boolean {
  if (keep || remove.length > 0) return true;
  for (const _ in set) return true;
  for (const _ in increment) return true;
  return false;
}

/** In the order in which the statement takes them. */
export function updateValues(
  id: string,
  change: SessionChange,
  { idleMs, absoluteMs }: Lifetime,
  deadlineMs: number,
): unknown[] {
  const { generation, hash, secret, isUse, operation, keep, set, remove, increment } = change;
  const values: unknown[] = [
    id,
    deadlineMs,
    idleMs,
    absoluteMs,
    escaped(generation),
    escaped(hash),
    isUse,
    secret?.hash ?? null,
    secret?.generation ?? null,
    secret?.graceMs ?? 0,
  ];
  if (!hasData(change)) return values;
  const { meta, data } = splitJson(set);
  const added = Object.keys(increment);
  values.push(
    operation === undefined ? null : escaped(operation),
    meta,
    data,
    remove.map(escaped),
    keep?.map(escaped) ?? null,
    added.map(escaped),
    added.map((name) => increment[name]),
  );
  return values;
}

export function readUpdateRow(row: Row | undefined): UpdateResult | 'late' {
  if (!row) return { status: 'gone' };
  const [isLate, isApplied, isCurrent, wasEmpty, isEmpty, end, persistent] = row;
  if (isLate === 't') return 'late';
  if (isApplied !== 't') return { status: 'gone' };
  return {
    status: isCurrent === 't' ? 'applied' : 'replaced',
    wasEmpty: wasEmpty === 't',
    isEmpty: isEmpty === 't',
    expiresAtMs: Number(end),
    isPersistent: typeof persistent === 'string' ? persistent === '1' : undefined,
  };
}
