import assert from 'node:assert/strict';
import type { Case } from './backend-contract.js';

const CHANGE = { set: { b: '1' }, remove: [], increment: {} };
const SHORT = 1;
const LONG = 60;

/** What happens to a session whose time is up, in real time. */
export const expiryCases: readonly Case[] = [
  [
    'an expired session is gone for every method, and its id is free',
    async ({ backend, id, until }) => {
      const session = id();
      await backend.create(session, { a: '1' }, SHORT);
      assert.deepEqual({ ...(await backend.get(session)) }, { a: '1' });
      await until(async () => (await backend.get(session)) === null);
      assert.equal(await backend.update(session, CHANGE, LONG), false);
      assert.equal(await backend.touch(session, LONG, '2'), false);
      assert.equal(await backend.rotate(session, id(), CHANGE, LONG), false);
      assert.equal(await backend.deleteEmpty(session), false);
      assert.equal(await backend.get(session), null);
      assert.equal(await backend.create(session, { a: '2' }, LONG), true);
    },
  ],
  [
    'set, update, touch and rotate each give the life that they are told',
    async ({ backend, id, until }) => {
      const ids = { set: id(), update: id(), touch: id(), rotate: id(), rotated: id(), none: id() };
      for (const name of ['set', 'update', 'touch', 'rotate', 'none'] as const) {
        await backend.create(ids[name], { a: '1' }, SHORT);
      }
      await backend.set(ids.set, { a: '1' }, LONG);
      await backend.update(ids.update, CHANGE, LONG);
      await backend.touch(ids.touch, LONG, '2');
      await backend.rotate(ids.rotate, ids.rotated, CHANGE, LONG);
      await until(async () => (await backend.get(ids.none)) === null);
      for (const name of ['set', 'update', 'touch', 'rotated'] as const) {
        assert.notEqual(await backend.get(ids[name]), null, name);
      }
    },
  ],
  [
    'the record that leads to a new id is gone after its grace, and the session is not',
    async ({ backend, id, until }) => {
      const [from, to] = [id(), id()];
      await backend.create(from, { a: '1' }, LONG);
      await backend.rotate(from, to, { ...CHANGE, graceSeconds: SHORT }, LONG);
      assert.notEqual(await backend.get(from), null);
      await until(async () => (await backend.get(from)) === null);
      assert.deepEqual({ ...(await backend.get(to)) }, { a: '1', b: '1' });
    },
  ],
];
