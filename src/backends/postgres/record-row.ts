import { ESCAPE, escaped, unescaped } from '../escaped-text.js';
import type { SessionRecord } from '../session-backend.js';
import { FIELD, isMetadata } from '../session-record.js';

/** The format that this version writes. */
export const VERSION = 1;

/** Times of which each has a column of its own. */
const TIMES = [FIELD.createdAtMs, FIELD.seenAtMs, FIELD.renewedAtMs] as const;
/** Texts likewise. */
const TEXTS = [FIELD.generation, FIELD.hash, FIELD.previous] as const;
const OWN_COLUMNS = [...TIMES, ...TEXTS];
const OWN_COLUMN: ReadonlySet<string> = new Set<string>(OWN_COLUMNS);

/** A time as it is written; what else stands for one is kept as it is, and is none. */
const TIME = /^(0|[1-9]\d{0,14})$/;

/** The columns of a record, in the order of the values here. */
export const COLUMNS = [
  'created_ms',
  'seen_ms',
  'renewed_ms',
  'generation',
  'hash',
  'previous',
  'meta',
  'data',
] as const;

/** A record as a row keeps it: what decides in columns, the other metadata and the data as JSON of texts. */
export type RecordValues = (string | null)[];

export function recordValues(record: SessionRecord): RecordValues {
  const others: SessionRecord = {};
  for (const name of Object.keys(record)) {
    if (!isInColumn(name, record[name]!)) setField(others, name, record[name]!);
  }
  const { meta, data } = splitFields(others);
  const column = (name: string) => {
    const text = Object.hasOwn(record, name) ? record[name]! : undefined;
    return text !== undefined && isInColumn(name, text) ? escaped(text) : null;
  };
  return [...TIMES.map(column), ...TEXTS.map(column), JSON.stringify(meta), JSON.stringify(data)];
}

function isInColumn(name: string, text: string): boolean {
  if (!OWN_COLUMN.has(name)) return false;
  return TIMES.some((time) => time === name) ? TIME.test(text) : true;
}

/** Fields as JSON may hold them: metadata, and data. */
export function splitFields(fields: SessionRecord): { meta: SessionRecord; data: SessionRecord } {
  const meta: SessionRecord = {};
  const data: SessionRecord = {};
  for (const name of Object.keys(fields)) {
    setField(isMetadata(name) ? meta : data, escaped(name), escaped(fields[name]!));
  }
  return { meta, data };
}

/**
 * The record of a row's version and columns. A row that holds no record gives `{}`, and one of a format that came later
 * `{ $version }`: neither has the metadata that make a session.
 */
export function readRecord(
  version: string | null,
  columns: readonly (string | null)[],
): SessionRecord {
  if (version !== String(VERSION)) return versionOnly(version);
  const record: SessionRecord = {};
  for (const [index, name] of OWN_COLUMNS.entries()) {
    const text = columns[index];
    if (typeof text === 'string') record[name] = unescaped(text);
  }
  const [meta, data] = columns.slice(OWN_COLUMNS.length);
  return addFields(record, meta) && addFields(record, data) ? record : {};
}

function versionOnly(version: string | null): SessionRecord {
  return Number(version) > VERSION ? { [FIELD.version]: version! } : {};
}

/** Adds the fields of a JSON object; `false` where it is no object of texts. */
function addFields(record: SessionRecord, json: string | null | undefined): boolean {
  if (!json?.startsWith('{')) return false;
  const fields = JSON.parse(json) as Record<string, unknown>;
  const isEscaped = json.includes(ESCAPED_IN_JSON);
  for (const name in fields) {
    const text = fields[name];
    if (typeof text !== 'string') return false;
    if (isEscaped) setField(record, unescaped(name), unescaped(text));
    else setField(record, name, text);
  }
  return true;
}

const ESCAPED_IN_JSON = JSON.stringify(ESCAPE).slice(1, -1);

/** Whatever the name is: `__proto__` would be none. */
function setField(fields: SessionRecord, name: string, text: string): void {
  if (name !== '__proto__') fields[name] = text;
  else Object.defineProperty(fields, name, { value: text, enumerable: true, configurable: true });
}
