import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { JsonCodec, SessionValueError } from 'nestjs-server-session';
import { checkField, encodeField } from '../../../src/session/codec.js';

class Hidden {
  readonly #value = 'secret value';
  reveal() {
    return this.#value;
  }
}
class Account {
  constructor(
    readonly name: string,
    readonly tags: unknown[] = [],
  ) {}
}
/** With fields of its own besides what JSON can't see. */
class CodedError extends Error {
  readonly code = 'E_SECRET';
}
class Query {
  readonly table = 'users';
  // eslint-disable-next-line unicorn/no-thenable
  then() {}
}
class Nothing {
  toJSON() {
    return undefined;
  }
}
function* generate() {
  yield 1;
}

const json = new JsonCodec();
const store = (value: unknown) => {
  const text = encodeField(json, 'field', value);
  checkField(json, 'field', value);
  return text;
};

describe('what JSON would lose is an error that names the field', () => {
  it.each<[string, unknown, RegExp]>([
    ['a promise', Promise.resolve(1), /a Promise\. Store what it resolves to: await it$/],
    ['a query that was not awaited', new Query(), /a Query\. Store what it resolves to/],
    ['an error', new Error('secret value'), /an Error\. Store its name and message as text$/],
    ['an error with fields', new CodedError('x'), /a CodedError\. Store its name/],
    ['a RegExp', /a/, /a RegExp, which has no fields of its own/],
    ['a Map', new Map([[1, 2]]), /a Map\. Store an array or a plain object$/],
    ['a Set', new Set([1]), /a Set\. Store an array/],
    ['a WeakMap', new WeakMap(), /a WeakMap, which has no fields/],
    ['a WeakSet', new WeakSet(), /a WeakSet/],
    ['a WeakRef', new WeakRef({}), /a WeakRef/],
    ['an ArrayBuffer', new ArrayBuffer(4), /an ArrayBuffer/],
    ['a DataView', new DataView(new ArrayBuffer(4)), /a DataView/],
    ['an iterator', [1].values(), /which has no fields/],
    ['a generator', generate(), /which has no fields/],
    ['URLSearchParams', new URLSearchParams('a=1'), /URLSearchParams/],
    ['Headers', new Headers({ a: '1' }), /Headers/],
    ['a Blob', new Blob(['a']), /Blob/],
    ['an object that shows nothing', new Hidden(), /a Hidden, which has no fields of its own\. /],
    ['a toJSON() of undefined', new Nothing(), /a Nothing whose toJSON\(\) gives undefined/],
    ['a toJSON() of a Map', { toJSON: () => new Map() }, /a Map/],
    ['an invalid Date', new Date(Number.NaN), /an invalid Date\. Store null or a valid one$/],
    ['NaN', Number.NaN, /NaN\. Store null or a finite number$/],
    ['a boxed NaN', Object(Number.NaN), /NaN/],
    ['a boxed symbol', Object(Symbol('secret value')), /a symbol/],
    ['a BigInt', 1n, /a BigInt\. Store its decimal text/],
    ['a function', () => 1, /a function\. Store plain data$/],
    ['a symbol', Symbol('secret value'), /a symbol/],
    ['Float64Array with NaN', new Float64Array([Number.NaN]), /NaN \(at 0\)/],
    ['of another realm, a Map', runInNewContext('new Map([[1, 2]])'), /a Map/],
    [
      'of another realm, an error',
      runInNewContext('Object.assign(new Error("secret value"), { code: 1 })'),
      /an Error/,
    ],
    ['of another realm, a promise', runInNewContext('Promise.resolve(1)'), /a Promise/],
    ['of another realm, /a/', runInNewContext('/a/'), /a RegExp/],
  ])('%s', (_, value, message) => {
    for (const [stored, where] of [
      [value, ''],
      [{ list: [{ part: value }] }, ' (at list.0.part'],
      [new Account('ada', [value]), ' (at tags.0'],
    ] as const) {
      const error = thrown(() => store(stored));
      expect(error).toBeInstanceOf(SessionValueError);
      expect(error.message).toMatch(/^session\.field can't be saved: JSON can't hold /);
      expect(error.message).toContain(where);
      expect(error.message).not.toContain('secret value');
      if (where === '') expect(error.message).toMatch(message);
    }
  });

  it('a cycle', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = [cycle];
    expect(() => store(cycle)).toThrow(
      /^session\.field can't be saved: it contains itself, or is nested too deep$/,
    );
  });

  it('what a toJSON() throws is passed on', () => {
    const refuse = () => {
      throw new RangeError('Invalid time value');
    };
    expect(() => store({ toJSON: refuse })).toThrow(/can't be saved: Invalid time value$/);
  });
});

describe('what JSON keeps, or what everybody knows that it leaves out, is stored', () => {
  it.each<[string, unknown, string]>([
    ['undefined in a list', [1, undefined, 2], '[1,null,2]'],
    // eslint-disable-next-line no-sparse-arrays
    ['a hole', [1, , 2], '[1,null,2]'],
    ['undefined in an object', { a: undefined, b: 1 }, '{"b":1}'],
    ['-0', -0, '0'],
    ['a symbol as key', { [Symbol('s')]: 1, a: 1 }, '{"a":1}'],
    ['an Uint8Array', new Uint8Array(2), '{"0":0,"1":0}'],
    ['an empty Uint8Array', new Uint8Array(0), '{}'],
    ['a Buffer', Buffer.from('a'), '{"type":"Buffer","data":[97]}'],
    ['a Date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['a URL', new URL('http://a/'), '"http://a/"'],
    ['an object of a class', new Account('ada', ['x']), '{"name":"ada","tags":["x"]}'],
    ['an object with no prototype', Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    ['an empty object', {}, '{}'],
    ['an empty list', [], '[]'],
    ['boxed values', [Object(1), Object('a'), Object(true)], '[1,"a",true]'],
    ['of another realm', runInNewContext('({ a: [{}], b: new Date(0) })'), '{"a":[{}],"b":"19'],
    ['a toJSON()', { toJSON: () => ({ a: 1 }) }, '{"a":1}'],
    ['null', null, 'null'],
  ])('%s', (_, value, text) => {
    expect(store(value).startsWith(text)).toBe(true);
    if (typeof value !== 'number') expect(store({ in: [value] })).toContain(text);
  });

  it('nested as deep as JSON.stringify goes', () => {
    const deep: unknown = JSON.parse('['.repeat(2000) + ']'.repeat(2000));
    expect(store(deep)).toHaveLength(4000);
  });
});

function thrown(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}
