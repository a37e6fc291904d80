import assert from 'node:assert/strict';
import type { SessionRecord } from '../backends/session-backend.js';
import type { Case } from './case.js';

const TTL = 60;
const RECORD: SessionRecord = { $created: '1', $seen: '2', user: '"ada"', visits: '7' };
const MALFORMED_IDS = ['', ' ', '*', '../../etc/passwd', 'a\nb', '\0', '{x}', 'é'.repeat(500), '%'];

/** What the three basic methods promise. */
export const basicCases: readonly Case[] = [
  [
    'get answers null for an id that was never stored',
    async ({ backend, id }) => assert.equal(await backend.get(id()), null),
  ],
  [
    'a malformed id is nothing, not an error',
    async ({ backend }) => {
      for (const malformed of MALFORMED_IDS) {
        assert.equal(await backend.get(malformed), null, JSON.stringify(malformed));
        await backend.delete(malformed);
      }
    },
  ],
  [
    'get gives back what set stored',
    async ({ backend, id }) => {
      const session = id();
      await backend.set(session, RECORD, TTL);
      assert.deepEqual({ ...(await backend.get(session)) }, RECORD);
    },
  ],
  [
    'any text comes back as it was, in names and in values',
    async ({ backend, id }) => {
      const session = id();
      const record = {
        $created: '1',
        empty: '',
        'a b.c:d': 'line\nbreak\r\n',
        ünïcode: '"🎈 \u2028 ünïcode"',
        nul: 'a\0b',
        constructor: 'not a function',
        hasOwnProperty: '{}',
        long: 'x'.repeat(100_000),
      };
      await backend.set(session, record, TTL);
      assert.deepEqual({ ...(await backend.get(session)) }, record);
    },
  ],
  [
    'a record of thousands of fields is stored whole',
    async ({ backend, id }) => {
      const session = id();
      const record = Object.fromEntries(
        Array.from({ length: 5000 }, (_, index) => [`field${index}`, `${index}`]),
      );
      await backend.set(session, record, TTL);
      assert.deepEqual({ ...(await backend.get(session)) }, record);
    },
  ],
  [
    'set replaces the whole record',
    async ({ backend, id }) => {
      const session = id();
      await backend.set(session, RECORD, TTL);
      await backend.set(session, { $created: '9', other: '1' }, TTL);
      assert.deepEqual({ ...(await backend.get(session)) }, { $created: '9', other: '1' });
    },
  ],
  [
    'records go in and come out as copies',
    async ({ backend, id }) => {
      const session = id();
      const given = { ...RECORD };
      await backend.set(session, given, TTL);
      given['user'] = 'changed after set';
      const got = await backend.get(session);
      assert(got);
      assert.equal(got['user'], RECORD['user']);
      got['user'] = 'changed after get';
      assert.deepEqual({ ...(await backend.get(session)) }, RECORD);
    },
  ],
  [
    'delete ends a session, and is no error where there is none',
    async ({ backend, id }) => {
      const session = id();
      await backend.set(session, RECORD, TTL);
      await backend.delete(session);
      assert.equal(await backend.get(session), null);
      await backend.delete(session);
    },
  ],
  [
    'sessions do not see each other',
    async ({ backend, id }) => {
      const [one, two] = [id(), id()];
      await backend.set(one, { user: '"one"' }, TTL);
      await backend.set(two, { user: '"two"' }, TTL);
      await backend.delete(one);
      assert.deepEqual({ ...(await backend.get(two)) }, { user: '"two"' });
    },
  ],
];
