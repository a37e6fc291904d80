import { types } from 'node:util';

/** What JSON would drop or change without a word, and where it is. */
export interface Loss {
  /** From the value to the part that would be lost: names of fields and places in lists. */
  readonly path: (string | number)[];
  readonly what: string;
  /** What to store instead. */
  readonly instead: string;
}

/**
 * The first part of a value that `JSON.stringify` would lose; `undefined` where it keeps everything.
 *
 * A walk of its own, because a replacer makes `JSON.stringify` call back for each value: seven times as slow as this.
 * `undefined` in objects and lists is no loss: TypeScript's optional fields are often there with it.
 */
export function findLoss(value: unknown): Loss | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : loss(`${value}`, 'null or a finite number');
    case 'object':
      return value === null ? undefined : lossOfObject(value);
    default:
      return lossOfOther(value as bigint | symbol | (() => unknown));
  }
}

function lossOfObject(value: object): Loss | undefined {
  if (types.isDate(value) && Number.isNaN(value.getTime())) {
    return loss('an invalid Date', 'null or a valid one');
  }
  if (typeof (value as Convertible).toJSON === 'function') return lossOfJson(value as Convertible);
  if (Array.isArray(value)) return lossOfItems(value);
  return isPlain(value) ? lossOfFields(value) : lossOfInstance(value);
}

interface Convertible {
  toJSON(key?: string): unknown;
}

/** What an object turns itself into is what is stored. */
function lossOfJson(value: Convertible): Loss | undefined {
  const json = value.toJSON('');
  if (json !== undefined) return findLoss(json);
  return loss(`${nameOf(value)} whose toJSON() gives undefined`, 'what it stands for');
}

function lossOfItems(items: readonly unknown[]): Loss | undefined {
  for (let i = 0; i < items.length; i++) {
    const found = findLoss(items[i]);
    if (found) return within(i, found);
  }
  return undefined;
}

function lossOfFields(value: object): Loss | undefined {
  for (const key of Object.keys(value)) {
    const found = findLoss((value as Record<string, unknown>)[key]);
    if (found) return within(key, found);
  }
  return undefined;
}

/** An object of a class is stored as its own fields, as far as these can be seen. */
function lossOfInstance(value: object): Loss | undefined {
  if (types.isBoxedPrimitive(value)) return findLoss(value.valueOf());
  if (types.isTypedArray(value)) return lossOfFields(value);
  const what = nameOf(value);
  if (typeof (value as { then?: unknown }).then === 'function') {
    return loss(what, 'what it resolves to: await it');
  }
  if (types.isNativeError(value)) return loss(what, 'its name and message as text');
  if (types.isMap(value) || types.isSet(value)) return loss(what, 'an array or a plain object');
  // Private fields (#x) can't be seen from here, nor what node's own classes hold.
  if (Object.keys(value).length === 0) {
    return loss(`${what}, which has no fields of its own`, 'a plain object, or give it toJSON()');
  }
  return lossOfFields(value);
}

function lossOfOther(value: bigint | symbol | (() => unknown)): Loss | undefined {
  if (typeof value === 'symbol') return loss('a symbol', 'text');
  if (typeof (value as Partial<Convertible>).toJSON === 'function') {
    return lossOfJson(value as unknown as Convertible);
  }
  if (typeof value === 'bigint') return loss('a BigInt', 'its decimal text: String(value)');
  return loss('a function', 'plain data');
}

/** Whether an object is a plain one, of this realm or another. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'valueOf');
}

function nameOf(value: object): string {
  const { constructor } = value as { constructor?: unknown };
  const name = typeof constructor === 'function' ? constructor.name : '';
  return name ? `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}` : 'an object of a class';
}

function loss(what: string, instead: string): Loss {
  return { path: [], what, instead };
}

function within(key: string | number, found: Loss): Loss {
  found.path.unshift(key);
  return found;
}
