import { escaped } from '../escaped-text.js';
import type { Lifetime, SessionChange, SessionRecord, UpdateResult } from '../session-backend.js';
import type { Row } from './connection.js';
import { splitFields } from './record-row.js';

/** The columns that a change is given by, each with its type. */
const COLUMNS = [
  ['given_id', 'text'],
  ['deadline', 'float8'],
  ['standard_idle', 'float8'],
  ['standard_absolute', 'float8'],
  ['known_generation', 'text'],
  ['known_hash', 'text'],
  ['is_use', 'boolean'],
  ['next_hash', 'text'],
  ['next_generation', 'text'],
  ['grace', 'float8'],
] as const;

/** Besides, where it has data. */
const DATA_COLUMNS = [
  // The name of the change.
  ['operation', 'text'],
  ['meta_set', 'jsonb'],
  ['data_set', 'jsonb'],
  // Names of both.
  ['removed', 'text[]'],
  ['kept', 'text[]'],
  ['added_names', 'text[]'],
  ['added_numbers', 'float8[]'],
] as const;

/** A change by its columns, as JSON may hold it. */
export type GivenChange = Readonly<
  Record<(typeof COLUMNS)[number][0], string | boolean | number | null> &
    Partial<Record<(typeof DATA_COLUMNS)[number][0], string | SessionRecord | unknown[] | null>>
> & { readonly given_id: string };

export function givenColumns(hasData: boolean): readonly (readonly [name: string, type: string])[] {
  return hasData ? [...COLUMNS, ...DATA_COLUMNS] : COLUMNS;
}

/** Whether a change touches data or metadata by name. */
export function hasData({ set, remove, increment, keep }: SessionChange): boolean {
  if (keep || remove.length > 0) return true;
  for (const _ in set) return true;
  for (const _ in increment) return true;
  return false;
}

export function givenChange(
  id: string,
  change: SessionChange,
  { idleMs, absoluteMs }: Lifetime,
  deadlineMs: number,
): GivenChange {
  const { generation, hash, secret, isUse, operation, keep, set, remove, increment } = change;
  const given = {
    given_id: escaped(id),
    // As text: JSON has no infinity.
    deadline: String(deadlineMs),
    standard_idle: String(idleMs),
    standard_absolute: String(absoluteMs),
    known_generation: escaped(generation),
    known_hash: escaped(hash),
    is_use: isUse,
    next_hash: secret?.hash ?? null,
    next_generation: secret?.generation ?? null,
    grace: secret?.graceMs ?? 0,
  };
  if (!hasData(change)) return given;
  const { meta, data } = splitFields(set);
  const added = Object.keys(increment);
  return {
    ...given,
    operation: operation === undefined ? null : escaped(operation),
    meta_set: meta,
    data_set: data,
    removed: remove.map(escaped),
    kept: keep?.map(escaped) ?? null,
    added_names: added.map(escaped),
    added_numbers: added.map((name) => increment[name]),
  };
}

/** In the order of the columns. */
export function valuesOf(given: GivenChange): unknown[] {
  return givenColumns(given.data_set !== undefined).map(([name, type]) => {
    const value = given[name as keyof GivenChange];
    return type === 'jsonb' ? JSON.stringify(value) : value;
  });
}

export function readUpdateRow(row: Row | undefined): UpdateResult | 'late' {
  if (!row) return { status: 'gone' };
  const [, isLate, isApplied, isCurrent, wasEmpty, isEmpty, end, persistent] = row;
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
