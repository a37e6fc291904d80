import { ESCAPE, escaped, RECORD, UNIT, unescaped } from './escaped-text.js';
import type { SessionChange, SessionRecord } from './session-backend.js';
import { FIELD } from './session-record.js';

/** The format that this version writes. */
const VERSION = '1';

/** What the head holds, in this order; empty where a record has no such field. */
const HEAD = [
  FIELD.generation,
  FIELD.hash,
  FIELD.createdAtMs,
  FIELD.seenAtMs,
  FIELD.renewedAtMs,
  FIELD.previous,
];
const HEAD_FIELDS: ReadonlySet<string> = new Set(HEAD);

/**
 * How a record is kept in one Redis string: a head of the format's version and the metadata that scripts need, each behind
 * a unit separator; a record separator; then each other field as name, unit separator, text, record separator. Scripts
 * find a field by plain search, and reading takes one GET.
 */
export function recordText(record: SessionRecord): string {
  let text = VERSION;
  for (const name of HEAD) text += UNIT + escaped(record[name] ?? '');
  text += RECORD;
  for (const name in record)
    if (!isInHead(name, record)) text += fieldText(name, '', record[name]!);
  return text;
}

/** An empty text would read as none, so it stands among the other fields. */
function isInHead(name: string, record: SessionRecord): boolean {
  return HEAD_FIELDS.has(name) && record[name] !== '';
}

/**
 * The record of a text. A text that is not exactly a record's gives `{}`, and one of a format that came later
 * `{ $version }`: neither has the metadata that make a session.
 */
export function readRecordText(text: string): SessionRecord {
  const headEnd = text.indexOf(RECORD);
  const head = text.slice(0, Math.max(headEnd, 0)).split(UNIT);
  if (head[0] !== VERSION) return versionOnly(text);
  if (head.length !== HEAD.length + 1 || !text.endsWith(RECORD)) return {};
  const read = text.includes(ESCAPE) ? unescaped : asItIs;
  const record: SessionRecord = {};
  for (let i = 0; i < HEAD.length; i++) {
    const part = head[i + 1]!;
    if (part !== '') record[HEAD[i]!] = read(part);
  }
  return readFields(text, headEnd + 1, record, read) ? record : {};
}

function versionOnly(text: string): SessionRecord {
  const version = /^\d+/.exec(text)?.[0];
  return version === undefined || Number(version) <= Number(VERSION)
    ? {}
    : { [FIELD.version]: version };
}

/** Whether the rest of a text is fields and nothing else. */
function readFields(
  text: string,
  from: number,
  record: SessionRecord,
  read: (part: string) => string,
): boolean {
  for (let start = from; start < text.length;) {
    const middle = text.indexOf(UNIT, start);
    const end = text.indexOf(RECORD, start);
    if (middle === -1 || middle > end) return false;
    const value = text.slice(middle + 1, end);
    if (value.includes(UNIT)) return false;
    record[read(text.slice(start, middle))] = read(value);
    start = end + 1;
  }
  return true;
}

/** A change as scripts take it: as fields, where the text of each begins with `=` (set), `-` (remove) or `+` (add). */
export function changeText({ set, remove, increment }: SessionChange): string {
  let text = '';
  for (const name of remove) text += fieldText(name, '-', '');
  for (const name in set) text += fieldText(name, '=', set[name]!);
  for (const name in increment) text += fieldText(name, '+', String(increment[name]));
  return text;
}

/** The names of fields, each between record separators; '' where all fields are meant. */
export function namesText(names: readonly string[] | undefined): string {
  return names ? RECORD + names.map((name) => escaped(name) + RECORD).join('') : '';
}

function fieldText(name: string, mark: string, value: string): string {
  return escaped(name) + UNIT + mark + escaped(value) + RECORD;
}

function asItIs(text: string): string {
  return text;
}
