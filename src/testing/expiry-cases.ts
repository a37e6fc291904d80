import assert from 'node:assert/strict';
import type { Case } from './case.js';
import { change, dataOf, LONG, newRecord, nowOf, TTL } from './records.js';

const GONE = { status: 'gone' };
const CHANGE = change({ set: { b: '1' } });
const USE = change({ isUse: true });

/** What happens to a session whose time is up, in real time. */
export const expiryCases: readonly Case[] = [
  [
    'an expired session is gone for every method, and its id is free',
    async ({ backend, id, until }) => {
      const session = id();
      const record = await newRecord(backend, { a: '1' });
      await backend.create(session, record, 1);
      assert.deepEqual(await dataOf(backend, session), { a: '1' });
      await until(async () => (await backend.get(session)) === null);
      assert.deepEqual(await backend.update(session, CHANGE, LONG), GONE);
      assert.deepEqual(await backend.update(session, USE, LONG), GONE);
      assert.equal(await backend.get(session), null);
      assert.equal(await backend.create(session, await newRecord(backend, { a: '2' }), TTL), true);
    },
  ],
  [
    'set gives the life that it is told, update the one that the record’s times say',
    async ({ backend, id, until }) => {
      const ids = { set: id(), use: id(), none: id() };
      const record = await newRecord(backend, { a: '1' });
      for (const session of Object.values(ids)) await backend.create(session, record, 1);
      await backend.set(ids.set, record, TTL);
      await backend.update(ids.use, USE, LONG);
      await until(async () => (await backend.get(ids.none)) === null);
      for (const name of ['set', 'use'] as const) {
        assert.notEqual(await backend.get(ids[name]), null, name);
      }
    },
  ],
  [
    'what the record’s own times end is gone, whatever life the backend gave it',
    async ({ backend, id }) => {
      const now = await nowOf(backend);
      const old = { $created: String(now - 10_000), $seen: String(now - 5000) };
      const ends = [
        { idleMs: 4000, absoluteMs: Infinity },
        { idleMs: 60_000, absoluteMs: 9000 },
      ];
      for (const lifetime of ends) {
        const session = id();
        await backend.create(session, { ...(await newRecord(backend, { a: '1' })), ...old }, TTL);
        assert.deepEqual(await backend.update(session, CHANGE, lifetime), GONE);
        assert.deepEqual(await backend.update(session, USE, lifetime), GONE);
        assert.notEqual((await backend.update(session, USE, LONG)).status, 'gone');
      }
    },
  ],
  [
    'a life of the session’s own counts more than the standard one',
    async ({ backend, id }) => {
      const session = id();
      const now = await nowOf(backend);
      const own = { $seen: String(now - 5000), $idle: '9000', $absolute: 'Infinity' };
      await backend.create(session, { ...(await newRecord(backend, { a: '1' })), ...own }, TTL);
      const short = { idleMs: 1000, absoluteMs: 1000 };
      const result = await backend.update(session, CHANGE, short);
      assert.ok(result.status !== 'gone');
      assert.ok(Math.abs(result.expiresAtMs - (now + 4000)) < 100);
      const persistent = change({ set: { $persistent: '1', $idle: '20000' }, isUse: true });
      const longer = await backend.update(session, persistent, short);
      assert.ok(longer.status !== 'gone' && longer.isPersistent);
      assert.ok(Math.abs(longer.expiresAtMs - (now + 20_000)) < 5000);
    },
  ],
  [
    'only a use moves $seen, and never back',
    async ({ backend, id }) => {
      const [past, future] = [id(), id()];
      const now = await nowOf(backend);
      const seen = async (session: string) => Number((await backend.get(session))?.['$seen']);
      const record = await newRecord(backend, { a: '1' });
      await backend.create(past, { ...record, $seen: String(now - 5000) }, TTL);
      await backend.create(future, { ...record, $seen: String(now + 5000) }, TTL);
      await backend.update(past, CHANGE, LONG);
      assert.equal(await seen(past), now - 5000);
      await backend.update(past, USE, LONG);
      assert.ok(Math.abs((await seen(past)) - now) < 4000);
      await backend.update(future, USE, LONG);
      assert.equal(await seen(future), now + 5000);
    },
  ],
  [
    'a change whose deadline has passed is an error and changes nothing',
    async ({ backend, id }) => {
      const session = id();
      await backend.create(session, await newRecord(backend, { a: '1' }), TTL);
      const deadlineMs = (await nowOf(backend)) + 5000;
      assert.notEqual((await backend.update(session, CHANGE, LONG, deadlineMs)).status, 'gone');
      const late = change({ set: { a: '2' } });
      await assert.rejects(backend.update(session, late, LONG, deadlineMs - 10_000));
      assert.deepEqual(await dataOf(backend, session), { a: '1', b: '1' });
    },
  ],
  [
    'a change far too long for the backend fails alone, or is applied',
    async ({ backend, id }) => {
      const [odd, ...others] = [id(), id(), id(), id()];
      for (const session of [odd, ...others]) {
        await backend.create(session, await newRecord(backend, { a: '1' }), TTL);
      }
      const tooLong = change({ set: { $idle: '1e300', $absolute: 'Infinity' }, isUse: true });
      const sent = others.map((session) => backend.update(session, CHANGE, LONG));
      const oddly = backend.update(odd, tooLong, LONG).catch(() => undefined);
      for (const result of await Promise.all(sent)) assert.equal(result.status, 'applied');
      await oddly;
      for (const session of others) {
        assert.deepEqual(await dataOf(backend, session), { a: '1', b: '1' });
      }
    },
  ],
];
