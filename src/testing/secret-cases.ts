import assert from 'node:assert/strict';
import type { SecretChange } from '../backends/session-backend.js';
import type { Case } from './case.js';
import { change, dataOf, hashOf, LONG, newRecord, nowOf, TTL } from './records.js';

const GRACE_MS = 30_000;
const regeneration: SecretChange = { hash: hashOf('b'), generation: 'g2', graceMs: GRACE_MS };
const renewal: SecretChange = { hash: hashOf('b'), graceMs: GRACE_MS };
const GONE = { status: 'gone' };

/** What a new secret does to a session, and to what is under way with the one before. */
export const secretCases: readonly Case[] = [
  [
    'a change of another generation changes nothing',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, await newRecord(backend, { a: '1' }), TTL);
      const sent = change({ generation: 'g0', set: { a: '2' }, isUse: true });
      assert.deepEqual(await backend.update(session, sent, LONG), GONE);
      assert.deepEqual(await dataOf(backend, session), { a: '1' });
    },
  ],
  [
    'a new generation comes with its change, and ends what is under way in the one before',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, await newRecord(backend, { a: '1' }), TTL);
      const sent = change({ secret: regeneration, set: { user: '"ada"' } });
      assert.equal((await backend.update(session, sent, LONG)).status, 'applied');
      const record = (await backend.get(session))!;
      assert.equal(record['$gen'], 'g2');
      assert.equal(record['$hash'], hashOf('b'));
      assert.equal(record['$previous'], undefined);
      assert.ok(Math.abs(Number(record['$renewed']) - (await nowOf(backend))) < 5000);
      assert.deepEqual(await backend.update(session, change({ set: { a: '2' } }), LONG), GONE);
      const later = change({ secret: { ...regeneration, hash: hashOf('c') } });
      assert.deepEqual(await backend.update(session, later, LONG), GONE);
      assert.deepEqual(await dataOf(backend, session), { a: '1', user: '"ada"' });
    },
  ],
  [
    'of two new generations at once one wins, and the other changes nothing',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, await newRecord(backend, { a: '1' }), TTL);
      const sent = ['b', 'c'].map((letter) =>
        change({
          secret: { hash: hashOf(letter), generation: letter, graceMs: GRACE_MS },
          set: { by: letter },
        }),
      );
      const results = await Promise.all(sent.map((each) => backend.update(session, each, LONG)));
      assert.deepEqual(results.map(({ status }) => status).toSorted(), ['applied', 'gone']);
      const winner = results[0]!.status === 'applied' ? 'b' : 'c';
      assert.deepEqual(await dataOf(backend, session), { a: '1', by: winner });
      assert.equal((await backend.get(session))?.['$gen'], winner);
    },
  ],
  [
    'a change with a new secret that is sent again is known, and its named data count once',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, await newRecord(backend, { n: '1' }), TTL);
      const sent = change({ secret: regeneration, increment: { n: 1 }, operation: '$op:x' });
      for (let i = 0; i < 3; i++) {
        assert.equal((await backend.update(session, sent, LONG)).status, 'applied');
      }
      assert.deepEqual(await dataOf(backend, session), { n: '2' });
      assert.equal((await backend.get(session))?.['$gen'], 'g2');
    },
  ],
  [
    'a new generation may leave the secret as it is: what was under way is refused, also where it is sent again',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, await newRecord(backend, { a: '1' }), TTL);
      const signIn = change({ secret: regeneration, set: { user: '"ada"' } });
      const refusal = change({ secret: { generation: 'g3', graceMs: 0 } });
      assert.equal((await backend.update(session, refusal, LONG)).status, 'applied');
      assert.deepEqual(await backend.update(session, signIn, LONG), GONE);
      assert.deepEqual(await backend.update(session, refusal, LONG), GONE);
      const record = (await backend.get(session))!;
      assert.equal(record['$gen'], 'g3');
      assert.equal(record['$hash'], hashOf('a'));
      assert.deepEqual(await dataOf(backend, session), { a: '1' });
    },
  ],
  [
    'a new generation that was applied is not applied again over a later one',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, await newRecord(backend, { a: '1' }), TTL);
      const signIn = change({ secret: regeneration, set: { user: '"ada"' } });
      await backend.update(session, signIn, LONG);
      const secret = { generation: 'g3', graceMs: 0 };
      await backend.update(session, change({ generation: 'g2', hash: hashOf('b'), secret }), LONG);
      await backend.update(session, signIn, LONG);
      assert.equal((await backend.get(session))?.['$gen'], 'g3');
    },
  ],
  [
    'a session that is somebody’s is not empty without data',
    async ({ backend, id }) => {
      const session = id();
      const record = await newRecord(backend, { a: '1', $principal: 'a\u001eda', $signedIn: '1' });
      await backend.create(session, record, TTL);
      const result = await backend.update(session, change({ remove: ['a'] }), LONG);
      assert.equal('isEmpty' in result && result.isEmpty, false);
      const again = await backend.update(session, change({ set: { a: '2' } }), LONG);
      assert.equal('wasEmpty' in again && again.wasEmpty, false);
      assert.equal((await backend.get(session))?.['$principal'], 'a\u001eda');
    },
  ],
  [
    'a renewal keeps the generation, and the hash before it for the grace',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, await newRecord(backend, { a: '1' }), TTL);
      const before = await nowOf(backend);
      const result = await backend.update(session, change({ secret: renewal }), LONG);
      assert.equal(result.status, 'applied');
      const record = (await backend.get(session))!;
      assert.equal(record['$gen'], 'g1');
      assert.equal(record['$hash'], hashOf('b'));
      const [hash, endsAtMs] = record['$previous']!.split('.');
      assert.equal(hash, hashOf('a'));
      assert.ok(Math.abs(Number(endsAtMs) - before - GRACE_MS) < 5000);
    },
  ],
  [
    'a renewal that would leave the session without data does not take place',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, await newRecord(backend, { a: '1' }), TTL);
      const emptied = change({ secret: renewal, remove: ['a'] });
      assert.equal((await backend.update(session, emptied, LONG)).status, 'applied');
      const record = (await backend.get(session))!;
      assert.deepEqual([record['$hash'], record['$previous']], [hashOf('a'), undefined]);
      const late = await backend.update(session, change({ set: { b: '1' } }), LONG);
      assert.equal(late.status, 'applied');
    },
  ],
  [
    'of two renewals at once one takes place, and the data of both are applied',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, await newRecord(backend, {}), TTL);
      const sent = ['b', 'c'].map((letter) =>
        change({ secret: { hash: hashOf(letter), graceMs: GRACE_MS }, set: { [letter]: '1' } }),
      );
      const results = await Promise.all(sent.map((each) => backend.update(session, each, LONG)));
      assert.deepEqual(results.map(({ status }) => status).toSorted(), ['applied', 'replaced']);
      assert.deepEqual(await dataOf(backend, session), { b: '1', c: '1' });
      const winner = results[0]!.status === 'applied' ? 'b' : 'c';
      assert.equal((await backend.get(session))?.['$hash'], hashOf(winner));
    },
  ],
  [
    'a change with the secret before a renewal is applied, and told that it was replaced',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, await newRecord(backend, { a: '1' }), TTL);
      await backend.update(session, change({ secret: renewal }), LONG);
      const late = await backend.update(session, change({ set: { a: '2' } }), LONG);
      assert.equal(late.status, 'replaced');
      const known = await backend.update(session, change({ hash: hashOf('b') }), LONG);
      assert.equal(known.status, 'applied');
      assert.deepEqual(await dataOf(backend, session), { a: '2' });
    },
  ],
  [
    'a new generation forgets the hash before a renewal, and may come with either',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, await newRecord(backend, { a: '1' }), TTL);
      await backend.update(session, change({ secret: renewal }), LONG);
      const sent = change({ secret: { ...regeneration, hash: hashOf('c') } });
      assert.equal((await backend.update(session, sent, LONG)).status, 'applied');
      const record = (await backend.get(session))!;
      assert.deepEqual(
        [record['$gen'], record['$hash'], record['$previous']],
        ['g2', hashOf('c'), undefined],
      );
    },
  ],
];
