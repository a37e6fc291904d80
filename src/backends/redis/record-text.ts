import type { SessionChange, SessionRecord } from '../session-backend.js';

/**
 * How a record is kept in one Redis string: each field as name, unit separator, text, record separator, with a record
 * separator before the first. Scripts find a field by plain search, and reading takes one GET.
 */
export const RECORD = '\x1e';
export const UNIT = '\x1f';
/** Stands before what would otherwise read as a separator, or as itself. */
const ESCAPE = '\x1d';

// eslint-disable-next-line no-control-regex
const SPECIALS = /[\x1d-\x1f]/g;
// eslint-disable-next-line no-control-regex
const ESCAPED = /\x1d([=>?])/g;
const ESCAPE_SHIFT = 0x20;

/** Metadata that every session has, and their names in Redis: there, each byte counts as often as there are sessions. */
const TIMES = new Map([
  ['$created', '$c'],
  ['$seen', '$s'],
]);
const TIME_NAMES = new Map([...TIMES].map(([name, short]) => [short, name]));
const TIME = /^[1-9]\d{0,14}$/;

/** The text of a record. */
export function recordText(record: SessionRecord): string {
  let text = RECORD;
  for (const name in record) text += fieldText(name, '', record[name]!);
  return text;
}

/** The record of a text. One that is no record's gives a record without metadata. */
export function readRecordText(text: string): SessionRecord {
  const record: SessionRecord = {};
  const isPlain = !text.includes(ESCAPE);
  let start = 1;
  for (;;) {
    const middle = text.indexOf(UNIT, start);
    const end = text.indexOf(RECORD, middle);
    if (middle === -1 || end === -1) return record;
    const name = text.slice(start, middle);
    const value = text.slice(middle + 1, end);
    const timeName = TIME_NAMES.get(name);
    if (timeName !== undefined) record[timeName] = readTime(value);
    else if (isPlain) record[name] = value;
    else record[unescaped(name)] = unescaped(value);
    start = end + 1;
  }
}

/** A change as scripts take it: as a record, where the text of each field begins with `=` (set), `-` (remove) or `+` (add). */
export function changeText({ set, remove, increment }: SessionChange): string {
  let text = '';
  for (const name of remove) text += fieldText(name, '-', '');
  for (const name in set) text += fieldText(name, '=', set[name]!);
  for (const name in increment) text += fieldText(name, '+', String(increment[name]));
  return text;
}

/** A name as it stands in a text. */
export function nameText(name: string): string {
  return TIMES.get(name) ?? escaped(name);
}

function fieldText(name: string, mark: string, value: string): string {
  const timeName = TIMES.get(name);
  return timeName === undefined
    ? escaped(name) + UNIT + mark + escaped(value) + RECORD
    : timeName + UNIT + mark + timeText(value) + RECORD;
}

/** A time in base 36; anything else as it is, marked by `=`. */
function timeText(value: string): string {
  return TIME.test(value) ? Number(value).toString(36) : `=${escaped(value)}`;
}

function readTime(value: string): string {
  return value.startsWith('=') ? unescaped(value.slice(1)) : String(Number.parseInt(value, 36));
}

function escaped(text: string): string {
  // Each is looked for by itself: that is many times faster in long text than a pattern of all three.
  if (!text.includes(RECORD) && !text.includes(UNIT) && !text.includes(ESCAPE)) return text;
  return text.replace(
    SPECIALS,
    (special) => ESCAPE + String.fromCharCode(special.charCodeAt(0) + ESCAPE_SHIFT),
  );
}

function unescaped(text: string): string {
  return text.replace(ESCAPED, (_, shifted: string) =>
    String.fromCharCode(shifted.charCodeAt(0) - ESCAPE_SHIFT),
  );
}
