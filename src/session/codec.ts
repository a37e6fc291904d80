import { SessionValueError } from '../errors/session-value.error.js';

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
 * JSON, strictly: what `JSON.stringify` would drop without a word (functions, symbols, the contents of a Map or a Set,
 * NaN) is an error. A Date becomes its ISO string.
 */
export class JsonCodec implements SessionCodec {
  encode(value: unknown): string {
    return JSON.stringify(value);
  }

  decode(text: string): unknown {
    return JSON.parse(text);
  }

  check(value: unknown): void {
    JSON.stringify(value, refuseLosses);
  }
}

function refuseLosses(key: string, value: unknown): unknown {
  if (typeof value === 'object') {
    if (value instanceof Map || value instanceof Set) {
      throw lossy(key, `a ${value.constructor.name}`, 'Store an array or a plain object instead');
    }
  } else if (typeof value === 'function' || typeof value === 'symbol') {
    throw lossy(key, `a ${typeof value}`, 'Store plain data');
  } else if (typeof value === 'number' && !Number.isFinite(value)) {
    throw lossy(key, String(value), 'Store null or a finite number instead');
  } else if (typeof value === 'bigint') {
    throw lossy(key, 'a BigInt', 'Store its decimal text instead: String(value)');
  }
  return value;
}

function lossy(key: string, what: string, instead: string): TypeError {
  return new TypeError(`JSON can't hold ${what}${key && ` (at "${key}")`}. ${instead}`);
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
  throw new SessionValueError(key, "the codec's encode() returned no text");
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
  return new SessionValueError(key, message.split('\n')[0]!, { cause });
}

function fieldText(codec: SessionCodec, value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  const text: unknown = codec.encode(value);
  if (typeof text !== 'string') return undefined;
  return text.startsWith(ESCAPE) || isNumber(text) ? ESCAPE + text : text;
}

/** The value of one field's text; throws what the codec throws. */
export function decodeField(codec: SessionCodec, text: string): unknown {
  if (text.startsWith(ESCAPE)) return codec.decode(text.slice(ESCAPE.length));
  return isNumber(text) ? Number(text) : codec.decode(text);
}

function isNumber(text: string): boolean {
  // Most texts are decided by their first character: below `:` are the digits and the minus.
  return text.charCodeAt(0) < 58 && NUMBER.test(text);
}
