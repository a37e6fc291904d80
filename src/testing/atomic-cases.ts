import assert from 'node:assert/strict';
import type { Case } from './case.js';
import { change, dataOf, LONG, newRecord, TTL } from './records.js';

const PARALLEL = 50;
const range = () => Array.from({ length: PARALLEL }, (_, index) => index);

/** What the atomic methods promise of data, above all to requests at the same time. */
export const atomicCases: readonly Case[] = [
  [
    'create adds a session and never overwrites one',
    async ({ backend, id }) => {
      const session = id();
      assert.equal(await backend.create(session, await newRecord(backend, { a: '1' }), TTL), true);
      assert.equal(await backend.create(session, await newRecord(backend, { a: '2' }), TTL), false);
      assert.deepEqual(await dataOf(backend, session), { a: '1' });
    },
  ],
  [
    'update sets and removes fields and leaves the others',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, await newRecord(backend, { a: '1', b: '2', c: '3' }), TTL);
      const sent = change({ set: { a: '9', d: '4' }, remove: ['b', 'none'] });
      const result = await backend.update(session, sent, LONG);
      assert.equal(result.status, 'applied');
      assert.deepEqual(await dataOf(backend, session), { a: '9', c: '3', d: '4' });
    },
  ],
  [
    'update of a session that is gone changes nothing',
    async ({ backend, id }) => {
      const session = id();
      const sent = change({ set: { a: '1' }, increment: { n: 1 } });
      assert.deepEqual(await backend.update(session, sent, LONG), { status: 'gone' });
      assert.equal(await backend.get(session), null);
    },
  ],
  [
    'parallel updates of different fields all stay',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, await newRecord(backend, {}), TTL);
      const updates = range().map((i) =>
        backend.update(session, change({ set: { [`f${i}`]: `${i}` } }), LONG),
      );
      for (const { status } of await Promise.all(updates)) assert.equal(status, 'applied');
      const expected = Object.fromEntries(range().map((i) => [`f${i}`, `${i}`]));
      assert.deepEqual(await dataOf(backend, session), expected);
    },
  ],
  [
    'parallel increments all count',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, await newRecord(backend, { n: '0' }), TTL);
      const sent = change({ increment: { n: 2, m: -1 } });
      await Promise.all(range().map(() => backend.update(session, sent, LONG)));
      const expected = { n: `${2 * PARALLEL}`, m: `${-PARALLEL}` };
      assert.deepEqual(await dataOf(backend, session), expected);
    },
  ],
  [
    'an increment may be a fraction, and counts from 0 where there is no number',
    async ({ backend, id }) => {
      const session = id();
      const data = { half: '1.5', text: '"x"', empty: '' };
      await backend.create(session, await newRecord(backend, data), TTL);
      const increment = { half: 0.25, text: 3, empty: 1, none: 10.5, zero: 0 };
      await backend.update(session, change({ increment }), LONG);
      const expected = { half: '1.75', text: '3', empty: '1', none: '10.5', zero: '0' };
      assert.deepEqual(await dataOf(backend, session), expected);
    },
  ],
  [
    'a sum that would not be finite leaves the number as it is',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, await newRecord(backend, { n: '1e+308', m: '-1e+308' }), TTL);
      await backend.update(session, change({ increment: { n: 1e308, m: -1e308, k: 1 } }), LONG);
      const { n, m, k } = (await dataOf(backend, session))!;
      assert.deepEqual([Number(n), Number(m), k], [1e308, -1e308, '1']);
    },
  ],
  [
    'any name and any text can be changed',
    async ({ backend, id }) => {
      const session = id();
      const names = ['', 'a b', 'a=b', 'ü', 'x\u001ey', 'x\u001fy', '\u001d=', '\ud800', '\ud801'];
      const data = Object.fromEntries(names.map((name) => [name, `"${name}"`]));
      await backend.create(session, await newRecord(backend, data), TTL);
      for (const [i, name] of names.entries()) {
        await backend.update(session, change({ set: { [name]: `${i}` } }), LONG);
      }
      await backend.update(session, change({ remove: ['x\u001ey', '\ud801'] }), LONG);
      const left = names.map((name, i) => [name, `${i}`]);
      const expected = left.filter(([name]) => name !== 'x\u001ey' && name !== '\ud801');
      assert.deepEqual(await dataOf(backend, session), Object.fromEntries(expected));
    },
  ],
  [
    'no parallel change brings a deleted session back',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, await newRecord(backend, { n: '0' }), TTL);
      const sent = change({ set: { a: '1' }, increment: { n: 1 }, isUse: true });
      await Promise.all(
        range().map((i) =>
          i === PARALLEL / 2 ? backend.delete(session) : backend.update(session, sent, LONG),
        ),
      );
      assert.equal(await backend.get(session), null);
      assert.deepEqual(await backend.update(session, sent, LONG), { status: 'gone' });
      assert.equal(await backend.get(session), null);
    },
  ],
  [
    'keep drops all other data before the change, and no metadata',
    async ({ backend, id }) => {
      const session = id();
      const data = { a: '1', b: '2', c: '3', $idle: '60000' };
      await backend.create(session, await newRecord(backend, data), TTL);
      const sent = change({ keep: ['b', 'none'], set: { d: '4' }, increment: { c: 1 } });
      await backend.update(session, sent, LONG);
      assert.deepEqual(await dataOf(backend, session), { b: '2', d: '4', c: '1' });
      assert.equal((await backend.get(session))?.['$idle'], '60000');
      await backend.update(session, change({ keep: [] }), LONG);
      assert.deepEqual(await dataOf(backend, session), {});
    },
  ],
  [
    'a change that is named counts once, however often it is sent',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, await newRecord(backend, { n: '1', m: '1' }), TTL);
      const named = change({ set: { a: '1' }, increment: { n: 1 }, operation: '$op:x' });
      const answers = await Promise.all(range().map(() => backend.update(session, named, LONG)));
      assert.equal(
        answers.every(({ status }) => status === 'applied'),
        true,
      );
      assert.deepEqual(await dataOf(backend, session), { n: '2', m: '1', a: '1' });
      assert.equal(Object.hasOwn((await backend.get(session))!, '$op:x'), true);
      await backend.update(session, change({ remove: ['$op:x'] }), LONG);
      assert.equal(Object.hasOwn((await backend.get(session))!, '$op:x'), false);
    },
  ],
  [
    'the name of a change leaves with any change after its time',
    async ({ backend, id }) => {
      const session = id();
      const names = { '$op:old': '1000', '$op:broken': 'x', '$op:new': '9000000000000' };
      await backend.create(session, await newRecord(backend, { a: '1', ...names }), TTL);
      await backend.update(session, change({ set: { a: '2' } }), LONG);
      const left = Object.keys((await backend.get(session))!);
      assert.deepEqual(
        left.filter((field) => field.startsWith('$op:')),
        ['$op:new'],
      );
    },
  ],
  [
    'tells whether the session held data before, and holds any now',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, await newRecord(backend, { a: '1', $idle: '60000' }), TTL);
      const emptiness = async (parts: Parameters<typeof change>[0]) => {
        const result = await backend.update(session, change(parts), LONG);
        return result.status !== 'gone' && [result.wasEmpty, result.isEmpty];
      };
      assert.deepEqual(await emptiness({ set: { b: '1' } }), [false, false]);
      assert.deepEqual(await emptiness({ remove: ['a', 'b'] }), [false, true]);
      assert.deepEqual(await emptiness({ isUse: true }), [true, true]);
      assert.deepEqual(await emptiness({ set: { c: '1' } }), [true, false]);
    },
  ],
];
