import type { SessionChange, SessionRecord } from './session-backend.js';
import { FIELD } from './session-record.js';

/**
 * How a record is kept as one text: a head of the format's version and the metadata that Redis' scripts need, each behind a
 * unit separator; a record separator; then each other field as name, unit separator, text, record separator. Those scripts
 * find a field by plain search.
 */
export const RECORD = '\x1e';
export const UNIT = '\x1f';
/** Stands before what would otherwise read as a separator, or as itself, and before half of a surrogate pair. */
const ESCAPE = '\x1d';

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

const SPECIALS =
  // eslint-disable-next-line no-control-regex
  /[\x1d-\x1f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
// eslint-disable-next-line no-control-regex
const ESCAPED = /\x1d(u[0-9a-f]{4}|[=>?])/g;
const ESCAPE_SHIFT = 0x20;

/** The text of a record. */
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

/** Text as it is kept, which is UTF-8: half of a surrogate pair would become another character. */
export function escaped(text: string): string {
  // Each is looked for by itself: that is many times faster in long text than a pattern of all.
  if (
    !text.includes(RECORD) &&
    !text.includes(UNIT) &&
    !text.includes(ESCAPE) &&
    text.isWellFormed()
  ) {
    return text;
  }
  return text.replace(SPECIALS, (special) => {
    const code = special.charCodeAt(0);
    return code < 0x20
      ? ESCAPE + String.fromCharCode(code + ESCAPE_SHIFT)
      : `${ESCAPE}u${code.toString(16)}`;
  });
}

function asItIs(text: string): string {
  return text;
}

/** Text as it was before `escaped`. */
export function unescaped(text: string): string {
  return text.replace(ESCAPED, (_, code: string) =>
    code.startsWith('u')
      ? String.fromCharCode(Number.parseInt(code.slice(1), 16))
      : String.fromCharCode(code.charCodeAt(0) - ESCAPE_SHIFT),
  );
}
