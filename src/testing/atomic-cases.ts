import assert from 'node:assert/strict';
import type { AtomicSessionBackend, SessionChange } from '../backends/session-backend.js';
import type { Case } from './backend-contract.js';

const TTL = 60;
const PARALLEL = 50;

function change(parts: Partial<SessionChange>): SessionChange {
  return { set: {}, remove: [], increment: {}, ...parts };
}

async function recordOf(backend: AtomicSessionBackend, id: string) {
  return { ...(await backend.get(id)) };
}

function range(): number[] {
  return Array.from({ length: PARALLEL }, (_, index) => index);
}

/** What the atomic methods promise. */
export const atomicCases: readonly Case[] = [
  [
    'create adds a session, and changes nothing where the id is taken',
    async ({ backend, id }) => {
      const session = id();
      assert.equal(await backend.create(session, { $seen: '1', a: '1' }, TTL), true);
      assert.equal(await backend.create(session, { $seen: '2', b: '2' }, TTL), false);
      assert.deepEqual(await recordOf(backend, session), { $seen: '1', a: '1' });
    },
  ],
  [
    'update sets, removes and increments as one change',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, { $seen: '1', a: '1', b: '2', n: '5' }, TTL);
      const all = change({ set: { a: '9', c: '3' }, remove: ['b', 'none'], increment: { n: 2 } });
      assert.equal(await backend.update(session, all, TTL), true);
      assert.deepEqual(await recordOf(backend, session), { $seen: '1', a: '9', c: '3', n: '7' });
    },
  ],
  [
    'update changes nothing where the session no longer exists',
    async ({ backend, id }) => {
      const session = id();
      assert.equal(await backend.update(session, change({ set: { a: '1' } }), TTL), false);
      assert.equal(await backend.get(session), null);
    },
  ],
  [
    'parallel updates of different fields all stay',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, { $seen: '1' }, TTL);
      await Promise.all(
        range().map((i) => backend.update(session, change({ set: { [`f${i}`]: `${i}` } }), TTL)),
      );
      const expected = Object.fromEntries(range().map((i) => [`f${i}`, `${i}`]));
      assert.deepEqual(await recordOf(backend, session), { $seen: '1', ...expected });
    },
  ],
  [
    'parallel increments all count',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, { n: '0' }, TTL);
      await Promise.all(
        range().map(() => backend.update(session, change({ increment: { n: 2, m: -1 } }), TTL)),
      );
      const record = await recordOf(backend, session);
      assert.deepEqual(record, { n: `${2 * PARALLEL}`, m: `${-PARALLEL}` });
    },
  ],
  [
    'an increment may be a fraction, and counts from 0 where there is no number',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, { half: '1.5', text: '"x"', empty: '' }, TTL);
      const increment = { half: 0.25, text: 3, empty: 1, none: 10.5 };
      await backend.update(session, change({ increment }), TTL);
      const record = await recordOf(backend, session);
      assert.deepEqual(record, { half: '1.75', text: '3', empty: '1', none: '10.5' });
    },
  ],
  [
    'no parallel change brings a deleted session back',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, { n: '0' }, TTL);
      await Promise.all(
        range().map((i) =>
          i === PARALLEL / 2
            ? backend.delete(session)
            : backend.update(session, change({ set: { a: '1' }, increment: { n: 1 } }), TTL),
        ),
      );
      assert.equal(await backend.get(session), null);
      assert.equal(await backend.touch(session, TTL, '2'), false);
      assert.equal(await backend.get(session), null);
    },
  ],
  [
    'touch writes $seen and leaves the data',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, { $seen: '1', a: '1' }, TTL);
      assert.equal(await backend.touch(session, TTL, '22'), true);
      assert.deepEqual(await recordOf(backend, session), { $seen: '22', a: '1' });
    },
  ],
  [
    'rotate moves a session to its new id with a change, and the old id is dead',
    async ({ backend, id }) => {
      const [from, to] = [id(), id()];
      await backend.create(from, { $created: '1', a: '1', b: '2', n: '1' }, TTL);
      const rotation = change({ set: { c: '3' }, remove: ['b'], increment: { n: 1 } });
      assert.equal(await backend.rotate(from, to, rotation, TTL), true);
      assert.deepEqual(await recordOf(backend, to), { $created: '1', a: '1', c: '3', n: '2' });
      assert.equal(await backend.get(from), null);
      assert.equal(await backend.update(from, change({ set: { a: '2' } }), TTL), false);
      assert.equal(await backend.get(from), null);
    },
  ],
  [
    'rotate keeps the fields listed and all metadata',
    async ({ backend, id }) => {
      const [from, to] = [id(), id()];
      await backend.create(from, { $created: '1', a: '1', b: '2', c: '3' }, TTL);
      const rotation = { ...change({ set: { d: '4' } }), keep: ['b', 'none'] };
      assert.equal(await backend.rotate(from, to, rotation, TTL), true);
      assert.deepEqual(await recordOf(backend, to), { $created: '1', b: '2', d: '4' });
      const last = id();
      assert.equal(await backend.rotate(to, last, { ...change({}), keep: [] }, TTL), true);
      assert.deepEqual(await recordOf(backend, last), { $created: '1' });
    },
  ],
  [
    'of two rotations at once one wins, and the other makes nothing',
    async ({ backend, id }) => {
      const [from, one, two] = [id(), id(), id()];
      await backend.create(from, { a: '1' }, TTL);
      const won = await Promise.all([
        backend.rotate(from, one, change({}), TTL),
        backend.rotate(from, two, change({}), TTL),
      ]);
      assert.equal(won.filter(Boolean).length, 1);
      assert.deepEqual(await recordOf(backend, won[0] ? one : two), { a: '1' });
      assert.equal(await backend.get(won[0] ? two : one), null);
      assert.equal(await backend.get(from), null);
    },
  ],
  [
    'deleteEmpty ends a session that holds metadata only',
    async ({ backend, id }) => {
      const [full, empty] = [id(), id()];
      await backend.create(full, { $seen: '1', a: '1' }, TTL);
      await backend.create(empty, { $seen: '1' }, TTL);
      assert.equal(await backend.deleteEmpty(full), false);
      assert.equal(await backend.deleteEmpty(empty), true);
      assert.equal(await backend.deleteEmpty(id()), false);
      assert.deepEqual(await recordOf(backend, full), { $seen: '1', a: '1' });
      assert.equal(await backend.get(empty), null);
    },
  ],
  [
    'a change that is named counts once, however often it is sent',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, { n: '1' }, TTL);
      const named = change({ set: { a: '1' }, increment: { n: 1 }, operation: '$op:x' });
      const answers = await Promise.all(range().map(() => backend.update(session, named, TTL)));
      assert.equal(answers.every(Boolean), true);
      assert.deepEqual(await recordOf(backend, session), { n: '2', a: '1', '$op:x': '1' });
      await backend.update(session, change({ remove: ['$op:x'] }), TTL);
      assert.deepEqual(await recordOf(backend, session), { n: '2', a: '1' });
    },
  ],
  [
    'rotate with a grace leaves a record that leads to the new id, and is no session',
    async ({ backend, id }) => {
      const [from, to, other] = [id(), id(), id()];
      await backend.create(from, { $seen: '1', a: '1' }, TTL);
      const rotation = { ...change({ set: { b: '2' } }), graceSeconds: 30 };
      assert.equal(await backend.rotate(from, to, rotation, TTL), true);
      assert.deepEqual(await recordOf(backend, to), { $seen: '1', a: '1', b: '2' });
      assert.equal(await backend.update(from, change({ set: { a: '9' } }), TTL), false);
      assert.equal(await backend.touch(from, TTL, '9'), false);
      assert.equal(await backend.rotate(from, other, change({}), TTL), false);
      assert.equal(await backend.deleteEmpty(from), false);
      assert.equal(await backend.create(from, { a: '9' }, TTL), false);
      assert.deepEqual(await recordOf(backend, from), { $next: to });
      assert.equal(await backend.get(other), null);
      await backend.delete(from);
      assert.equal(await backend.get(from), null);
      assert.deepEqual(await recordOf(backend, to), { $seen: '1', a: '1', b: '2' });
    },
  ],
];
