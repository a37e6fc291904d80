import { types } from 'node:util';

export function isPrimitive(value: unknown): boolean {
  return value === null || typeof value !== 'object';
}

/** Whether a comparison sees all of a value: private fields (#x) and slots of an object of a class it does not see. */
export function isShown(value: unknown): boolean {
  if (isPrimitive(value)) return typeof value !== 'function';
  if (Array.isArray(value)) return value.every(isShown);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    return Object.values(value as object).every(isShown);
  }
  if (types.isMap(value)) return [...value].flat().every(isShown);
  if (types.isSet(value)) return [...value].every(isShown);
  return types.isDate(value) || types.isRegExp(value) || ArrayBuffer.isView(value);
}

/** Shorter ones are encoded in no time. */
const MIN_LENGTH = 1000;
/** In mostly text a quotation mark stands, on average, after at least so many characters. */
const MIN_CHARACTERS_A_QUOTE = 100;

/** Whether a field's text is long and made of few values, of which most are text. */
export function isMostlyText(text: string): boolean {
  if (text.length < MIN_LENGTH) return false;
  let quotesLeft = text.length / MIN_CHARACTERS_A_QUOTE;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) {
    if (--quotesLeft < 0) return false;
  }
  return true;
}
