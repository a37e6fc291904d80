import { SessionValueError } from '../errors/session-value.error.js';
import { shownName } from './flash-names.js';
import { findLoss, type Loss } from './json-loss.js';

/**
 * Turns one field's value into text and back. JSON by default; provide another for `SESSION_CODEC`, for example one
 * that keeps dates or encrypts.
 *
 * Finite numbers don't pass through the codec: they are kept as decimal text, so that backends can add to them.
 */
export interface SessionCodec {
  /** The text of a value; throws where it can't hold the value. Also called to see whether a value has changed. */
  encode(value: unknown): string;
  /** The value of a text; throws where the text is not one of its own. */
  decode(text: string): unknown;
  /** Called before a value is stored, where the codec has it: throws where `encode` would lose a part of the value. */
  check?(value: unknown): void;
}

/**
 * JSON, strictly: what `JSON.stringify` would drop or change without a word (a function, a promise, an error, the contents
 * of a Map, NaN, an object of a class that shows no fields) is an error that says where it is. A Date becomes its ISO
 * string, an object of a class its own fields.
 */
export class JsonCodec implements SessionCodec {
  encode(value: unknown): string {
    return JSON.stringify(value);
  }

  decode(text: string): unknown {
    return JSON.parse(text);
  }

  check(value: unknown): void {
    const loss = findLossOf(value);
    if (!loss) return;
    const where = loss.path.length > 0 ? ` (at ${loss.path.map(String).join('.')})` : '';
    throw new TypeError(`JSON can't hold ${loss.what}${where}. Store ${loss.instead}`);
  }
}

function findLossOf(value: unknown): Loss | undefined {
  try {
    return findLoss(value);
  } catch (cause) {
    if (!isStackOverflow(cause)) throw cause;
    throw new TypeError('it contains itself, or is nested too deep', { cause });
  }
}

/** By its text: V8 has no class for it. */
function isStackOverflow(error: unknown): boolean {
  return /call stack/i.test((error as Partial<Error> | undefined)?.message ?? '');
}

/** Begins a codec's text that would otherwise read as a number, or that begins so itself. */
const ESCAPE = '=';
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/;

/**
 * The text of one field, which may still lose a part of the value: see {@link checkField}.
 * @throws SessionValueError which names the key, not the value
 */
export function encodeField(codec: SessionCodec, key: string, value: unknown): string {
  let text: string | undefined;
  try {
    text = fieldText(codec, value);
  } catch (cause) {
    checkField(codec, key, value);
    throw refusal(key, cause);
  }
  if (text !== undefined) return text;
  checkField(codec, key, value);
  throw new SessionValueError(shownName(key), "the codec's encode() returned no text");
}

/** Makes sure that a value is stored whole. @throws SessionValueError which names the key, not the value */
export function checkField(codec: SessionCodec, key: string, value: unknown): void {
  try {
    codec.check?.(value);
  } catch (cause) {
    throw refusal(key, cause);
  }
}

function refusal(key: string, cause: unknown): SessionValueError {
  const { message = 'the codec refused it' } = (cause ?? {}) as Partial<Error>;
  return new SessionValueError(shownName(key), message.split('\n')[0]!, { cause });
}

function fieldText(codec: SessionCodec, value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  const text: unknown = atOnce(codec.encode(value));
  if (typeof text !== 'string') return undefined;
  return text.startsWith(ESCAPE) || isNumber(text) ? ESCAPE + text : text;
}

/** The value of one field's text; throws what the codec throws. A number is always a finite one. */
export function decodeField(codec: SessionCodec, text: string): unknown {
  if (text.startsWith(ESCAPE)) return atOnce(codec.decode(text.slice(ESCAPE.length)));
  if (isNumber(text)) return nearestFinite(Number(text));
  const value = atOnce(codec.decode(text));
  return typeof value === 'number' ? nearestFinite(value) : value;
}

/** A promise is no value: its failure, which nobody waits for, must not end the process. */
function atOnce(value: unknown): unknown {
  if (!(value instanceof Promise)) return value;
  value.catch(() => {});
  throw new TypeError('the codec gave a promise: it must give what it gives at once');
}

function nearestFinite(value: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(value, Number.MAX_VALUE));
}

function isNumber(text: string): boolean {
  // Most texts are decided by their first character: below `:` are the digits and the minus.
  return text.charCodeAt(0) < 58 && NUMBER.test(text);
}
