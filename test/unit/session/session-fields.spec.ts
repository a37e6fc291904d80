import { describe, expect, it } from 'vitest';
import { JsonCodec, type SessionCodec, SessionValueError } from 'nestjs-server-session';
import { SessionFields } from '../../../src/session/session-fields.js';

function fields(stored: Record<string, string> = {}, codec: SessionCodec = new JsonCodec()) {
  const values = Object.entries(stored).map(([key, text]) => [key, codec.decode(text)] as const);
  return new SessionFields(codec, { $created: '1', $seen: '2', ...stored }, new Map(values));
}

/** What is to be stored, as one object. */
function changeOf(session: SessionFields) {
  return session.change();
}

describe('SessionFields', () => {
  it('has no change where fields are only read', () => {
    const session = fields({ visits: '3', cart: '{"items":[1]}', name: '"ada"' });
    expect([session.get('visits'), session.get('cart'), session.get('name')]).toEqual([
      3,
      { items: [1] },
      'ada',
    ]);
    expect(changeOf(session)).toBeUndefined();
  });

  it('notices a change deep inside a value', () => {
    const session = fields({ cart: '{"items":[{"n":1}]}' });
    (session.get('cart') as { items: { n: number }[] }).items[0]!.n = 2;
    expect(changeOf(session)).toEqual({
      set: { cart: '{"items":[{"n":2}]}' },
      remove: [],
      increment: {},
    });
  });

  it('leaves the fields of the session itself alone', () => {
    const session = fields({ $idle: '5', visits: '3' });
    for (const key of ['$idle', '$created', '$hash']) session.delete(key);
    expect(changeOf(session)).toBeUndefined();
  });

  it('notices a change of what a comparison does not see', () => {
    class Money {
      readonly #cents: number;
      constructor(cents: number) {
        this.#cents = cents;
      }
      get text(): string {
        return `M${this.#cents}`;
      }
    }
    const session = fields(
      { price: 'M1', list: 'M2' },
      {
        encode: (value) =>
          [value]
            .flat()
            .map((each) => (each as Money).text)
            .join(),
        decode: (text) => new Money(Number(text.slice(1))),
      },
    );
    session.set('price', new Money(5));
    session.set('list', new Money(2));
    expect(changeOf(session)?.set).toEqual({ price: 'M5' });
  });

  it('counts on under a name that every object has', () => {
    const session = fields({ visits: '3' });
    session.increment('toString', 1);
    const change = changeOf(session)!;
    session.settle(change);
    expect([change.increment, changeOf(session)]).toEqual([{ toString: 1 }, undefined]);
  });

  it('does not write a value that was set to what it was', () => {
    const session = fields({ visits: '3', cart: '{"a":1,"b":2}', name: '"ada"' });
    session.set('visits', 3);
    session.set('cart', { b: 2, a: 1 });
    session.set('name', 'ada');
    expect(changeOf(session)).toBeUndefined();
  });

  it('removes what was deleted or set to undefined, and only what was stored', () => {
    const session = fields({ a: '1', b: '2' });
    session.delete('a');
    session.set('b', undefined);
    session.set('c', undefined);
    session.set('d', 1);
    session.delete('d');
    expect(changeOf(session)).toEqual({ set: {}, remove: ['a', 'b'], increment: {} });
    expect(session.isEmpty).toBe(true);
  });

  it('writes again a field that was deleted and set to its old value', () => {
    const session = fields({ a: '1' });
    session.delete('a');
    session.set('a', 1);
    expect(session.keys()).toEqual(['a']);
    expect(changeOf(session)).toBeUndefined();
  });

  it('sends increments as increments', () => {
    const session = fields({ n: '5' });
    expect(session.increment('n', 2)).toBe(7);
    expect(session.increment('n', 1)).toBe(8);
    expect(session.increment('none', -1)).toBe(-1);
    expect(changeOf(session)).toEqual({ set: {}, remove: [], increment: { n: 3, none: -1 } });
  });

  it('sends an increment of a number that was set as the sum', () => {
    const session = fields({ n: '5', m: '1' });
    session.set('n', 10);
    session.increment('n', 1);
    session.delete('m');
    session.increment('m', 4);
    expect(changeOf(session)).toEqual({ set: { n: '11', m: '4' }, remove: [], increment: {} });
  });

  it('sends an increment of a number that was set to what is stored as an increment, read or not', () => {
    const session = fields({ n: '5', m: '1' });
    session.set('n', 5);
    session.increment('n', 1);
    session.delete('m');
    session.increment('m', 1);
    session.increment('m', 1);
    expect(changeOf(session)).toEqual({ set: {}, remove: [], increment: { n: 1, m: 1 } });
  });

  it('a set after an increment wins', () => {
    const session = fields({ n: '5' });
    session.increment('n', 2);
    session.set('n', 1);
    expect(changeOf(session)).toEqual({ set: { n: '1' }, remove: [], increment: {} });
  });

  it('refuses to increment what is no number', () => {
    const session = fields({ name: '"ada"' });
    expect(() => session.increment('name', 1)).toThrow(/session\.name holds a string/);
  });

  it('has nothing left to store after a change is settled', () => {
    const session = fields({ a: '1', n: '1', gone: '1', list: '[1]' });
    session.set('a', 2);
    session.set('text', 'x');
    session.increment('n', 1);
    session.delete('gone');
    (session.get('list') as number[]).push(2);
    session.settle(session.change()!);
    expect(changeOf(session)).toBeUndefined();
    expect(session.increment('a', 1)).toBe(3);
    session.increment('n', 1);
    expect(changeOf(session)).toEqual({ set: {}, remove: [], increment: { a: 1, n: 1 } });
  });

  it('writes again what was stored at first and replaced in between', () => {
    const session = fields({ a: '1', b: '1' });
    for (const key of ['a', 'b']) expect(session.get(key)).toBe(1);
    session.set('a', []);
    session.set('b', undefined);
    session.settle(session.change()!);
    session.set('a', 1);
    session.set('b', 1);
    expect(changeOf(session)).toEqual({ set: { a: '1', b: '1' }, remove: [], increment: {} });
  });

  it('sends as a sum what was set back and incremented while a change was being stored', () => {
    const session = fields({ n: '1', m: '1' });
    session.set('n', 2);
    session.set('m', undefined);
    const sent = session.change()!;
    for (const key of ['n', 'm']) {
      session.set(key, 1);
      expect(session.increment(key, 2)).toBe(3);
    }
    session.settle(sent);
    expect(changeOf(session)).toEqual({ set: { n: '3', m: '3' }, remove: [], increment: {} });
  });

  it('keeps what changed while a change was being stored', () => {
    const session = fields({ a: '1', n: '1', dropped: '1' });
    session.set('a', 2);
    session.set('b', 2);
    session.increment('n', 1);
    session.set('dropped', 2);
    const change = session.change()!;
    session.set('a', 3);
    session.delete('b');
    session.increment('n', 5);
    session.delete('dropped');
    session.settle(change);
    expect(changeOf(session)).toEqual({
      set: { a: '3' },
      remove: ['dropped', 'b'],
      increment: { n: 5 },
    });
  });

  it('a codec that never gives the same text twice makes no write of a read', () => {
    let count = 0;
    const salted: SessionCodec = {
      encode: (value) => `${count++}|${JSON.stringify(value)}`,
      decode: (text) => JSON.parse(text.slice(text.indexOf('|') + 1)) as unknown,
    };
    const session = fields({ cart: '7|{"items":[1]}', name: '8|"ada"' }, salted);
    const cart = session.get('cart') as { items: number[] };
    session.get('name');
    expect(session.change()).toBeUndefined();
    session.set('name', 'ada');
    expect(session.change()).toBeUndefined();
    cart.items.push(2);
    const change = session.change()!;
    expect(Object.keys(change.set)).toEqual(['cart']);
    session.settle(change);
    expect(session.change()).toBeUndefined();
  });

  it.each([
    ['a BigInt', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('secret value')],
    ['a nested function', { on: { click: () => 1 } }],
    ['a nested BigInt', [{ n: 1n }]],
    ['a Map', new Map([[1, 'secret value']])],
    ['NaN', Number.NaN],
  ])('refuses %s with an error that names the key, not the value', (_, value) => {
    const session = fields();
    session.set('broken', value);
    const error = thrown(() => session.change());
    expect(error).toBeInstanceOf(SessionValueError);
    expect((error as SessionValueError).key).toBe('broken');
    expect(String(error)).toMatch(/session\.broken can't be saved/);
    expect(String(error)).not.toContain('secret value');
  });

  it('refuses a cycle', () => {
    const session = fields();
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    session.set('cycle', cycle);
    expect(() => session.change()).toThrow(/session\.cycle can't be saved: it contains itself/);
  });

  it('takes what JSON turns into text by itself', () => {
    const session = fields();
    session.set('at', new Date(0));
    session.set('nothing', null);
    session.set('holes', { a: undefined, b: 1 });
    expect(session.change()!.set).toEqual({
      at: '"1970-01-01T00:00:00.000Z"',
      nothing: 'null',
      holes: '{"b":1}',
    });
  });

  it('can change a value that is nested deeper than comparing reaches', () => {
    const deep = JSON.stringify({ deep: JSON.parse('['.repeat(1500) + ']'.repeat(1500)), n: 1 });
    const session = fields({ deep });
    (session.get('deep') as { n: number }).n = 2;
    expect(Object.keys(session.change()!.set)).toEqual(['deep']);
  });

  it('forgets all but some fields', () => {
    const session = fields({ a: '1', b: '2' });
    session.set('b', 3);
    session.set('c', 4);
    session.delete('a');
    session.retain(['b']);
    expect(session.keys()).toEqual(['b']);
    expect(changeOf(session)).toEqual({ set: { b: '3' }, remove: [], increment: {} });
  });

  it('never shows metadata as data', () => {
    const session = fields({ a: '1' });
    expect(session.keys()).toEqual(['a']);
    expect(session.has('$seen')).toBe(false);
    expect(session.get('$created')).toBeUndefined();
  });
});

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
