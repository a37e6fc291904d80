import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { IndexEntry, PrincipalIndex } from '../backends/principal-index.js';
import type { Case } from './case.js';

const DAY_MS = 86_400_000;

const someone = () => `user ${randomUUID()}`;

/** Enters sessions one after another. */
async function enterAll(index: PrincipalIndex, principal: string, ids: string[]) {
  const entries: IndexEntry[] = [];
  for (const id of ids) {
    const { enteredAtMs } = await index.enter(principal, id, DAY_MS);
    entries.push({ id, enteredAtMs });
  }
  return entries;
}

/** Which sessions a principal has: the part of the contract that is optional. */
export const indexCases: readonly Case[] = [
  [
    'the index lists what was entered, the latest first, for that principal alone',
    async ({ principals, id }) => {
      const [ada, bob] = [someone(), someone()];
      const entries = await enterAll(principals, ada, [id(), id(), id()]);
      await enterAll(principals, bob, [id()]);
      assert.deepEqual(await principals.entries(ada, 10), entries.toReversed());
      assert.equal((await principals.entries(bob, 10)).length, 1);
      assert.deepEqual(await principals.entries(someone(), 10), []);
    },
  ],
  [
    'it lists in pages that leave out and repeat nothing',
    async ({ principals, id }) => {
      const ada = someone();
      const entries = await enterAll(principals, ada, Array.from({ length: 5 }, id));
      const pages: IndexEntry[][] = [];
      for (let before: number | undefined; ;) {
        const page = await principals.entries(ada, 2, { beforeMs: before });
        if (page.length === 0) break;
        pages.push(page);
        before = page.at(-1)!.enteredAtMs;
      }
      assert.deepEqual(
        pages.map(({ length }) => length),
        [2, 2, 1],
      );
      assert.deepEqual(pages.flat(), entries.toReversed());
      assert.deepEqual(await principals.entries(ada, 2, { afterMs: 0 }), entries.slice(0, 2));
      const [, , , fourth] = entries;
      const later = await principals.entries(ada, 9, { afterMs: fourth!.enteredAtMs });
      assert.deepEqual(later, entries.slice(4));
    },
  ],
  [
    'entries made at once are each counted, in one order',
    async ({ principals, id }) => {
      const ada = someone();
      const made = await Promise.all(
        Array.from({ length: 20 }, () => principals.enter(ada, id(), DAY_MS)),
      );
      const inOrder = made.toSorted((a, b) => a.enteredAtMs - b.enteredAtMs);
      assert.equal(new Set(made.map(({ enteredAtMs }) => enteredAtMs)).size, 20);
      assert.deepEqual(
        inOrder.map(({ count }) => count),
        Array.from({ length: 20 }, (_, i) => i + 1),
      );
    },
  ],
  [
    'an id that is entered again counts once, as the latest',
    async ({ principals, id }) => {
      const ada = someone();
      const [one, two] = await enterAll(principals, ada, [id(), id()]);
      const again = await principals.enter(ada, one!.id, DAY_MS);
      assert.equal(again.count, 2);
      assert.equal(again.beforeMs, one!.enteredAtMs);
      assert.equal((await principals.enter(ada, id(), DAY_MS)).beforeMs, undefined);
      assert.ok(again.enteredAtMs > two!.enteredAtMs);
      const ids = (await principals.entries(ada, 10)).map((entry) => entry.id);
      assert.deepEqual(ids.slice(1), [one!.id, two!.id]);
    },
  ],
  [
    'an entry is taken out, unless it was entered again',
    async ({ principals, id }) => {
      const ada = someone();
      const [one, two, three] = await enterAll(principals, ada, [id(), id(), id()]);
      const { enteredAtMs } = await principals.enter(ada, two!.id, DAY_MS);
      await principals.leave(ada, [one!, two!]);
      await principals.leave(ada, []);
      await principals.leave(someone(), [three!]);
      assert.deepEqual(await principals.entries(ada, 10), [{ id: two!.id, enteredAtMs }, three]);
    },
  ],
  [
    'an entry is dropped when no session of the principal lives so long',
    async ({ principals, id, until }) => {
      const ada = someone();
      await principals.enter(ada, id(), 300);
      await until(async () => (await principals.enter(ada, 'another', 300)).count === 1);
      const bob = someone();
      await principals.enter(bob, id(), DAY_MS);
      await until(async () => {
        const { enteredAtMs } = await principals.enter(bob, 'another', 300);
        return enteredAtMs > (await principals.entries(bob, 2)).at(-1)!.enteredAtMs + 600;
      });
      assert.equal((await principals.entries(bob, 10)).length, 2);
    },
  ],
  [
    'an entry stays as long as its session may live, if that becomes longer',
    async ({ principals, id, until }) => {
      const ada = someone();
      const { enteredAtMs } = await principals.enter(ada, id(), 300);
      await principals.extend(ada, DAY_MS);
      await until(async () => {
        const later = await principals.enter(ada, 'another', 300);
        return later.enteredAtMs > enteredAtMs + 600;
      });
      assert.equal((await principals.entries(ada, 10)).length, 2);
    },
  ],
  [
    'a fence is told to whoever enters after it, with its age',
    async ({ principals, id }) => {
      const ada = someone();
      assert.equal((await principals.enter(ada, id(), DAY_MS)).fence, undefined);
      const latest = (await principals.entries(ada, 1))[0]!.enteredAtMs;
      const fencedAtMs = await principals.fence(ada);
      assert.ok(fencedAtMs >= latest);
      const { fence, enteredAtMs } = await principals.enter(ada, id(), DAY_MS);
      assert.ok(enteredAtMs > fencedAtMs);
      assert.ok(fence!.ageMs >= 0 && fence!.ageMs < 5000);
      assert.equal((await principals.enter(someone(), id(), DAY_MS)).fence, undefined);
    },
  ],
  [
    'what was entered before a fence is not entered again, until it is taken out',
    async ({ principals, id }) => {
      const [ada, one, two] = [someone(), id(), id()];
      const { enteredAtMs } = await principals.enter(ada, one, DAY_MS);
      await principals.enter(ada, two, DAY_MS);
      await principals.fence(ada, two);
      for (let i = 0; i < 2; i++) {
        const again = await principals.enter(ada, one, DAY_MS);
        assert.equal(again.status, 'fenced');
        assert.equal(again.enteredAtMs, enteredAtMs);
      }
      assert.equal((await principals.enter(ada, two, DAY_MS)).status, 'entered');
      await principals.leave(ada, [{ id: one, enteredAtMs }]);
      assert.equal((await principals.enter(ada, one, DAY_MS)).status, 'entered');
      assert.equal((await principals.enter(ada, one, DAY_MS)).status, 'entered');
    },
  ],
  [
    'a request that a fence has overtaken, or may have, enters nothing',
    async ({ principals, id }) => {
      const [ada, one, two, three] = [someone(), id(), id(), id()];
      const entries = await enterAll(principals, ada, [one, two]);
      const fencedAtMs = await principals.fence(ada, two);
      const asked = async (session: string, ageMs: number, laterThan?: number) => {
        const found = await principals.enter(ada, session, DAY_MS, { ageMs, laterThan });
        return { ...found, fence: found.fence?.number };
      };
      const { status, fence, ...found } = await asked(one, 60_000);
      const { enteredAtMs } = entries[0]!;
      const fenced = { untilMs: fencedAtMs, exceptId: two };
      assert.deepEqual(
        { status, ...found },
        { status: 'overtaken', enteredAtMs, beforeMs: enteredAtMs, count: 2, fenced },
      );
      const stranger = { enteredAtMs: 0, beforeMs: undefined, count: 2, fence, fenced };
      assert.deepEqual(await asked(three, 60_000, fence), { status: 'overtaken', ...stranger });
      for (const other of [undefined, fence! - 1]) {
        assert.deepEqual(await asked(three, 0, other), { status: 'doubtful', ...stranger });
      }
      assert.deepEqual(await principals.entries(ada, 10), entries.toReversed());
      assert.equal((await asked(one, 0, fence)).status, 'fenced');
      assert.equal((await asked(two, 60_000)).status, 'entered');
      assert.equal((await asked(three, 0, fence)).status, 'entered');
      const untilMs = await principals.fence(ada);
      assert.deepEqual((await asked(three, 0)).fenced, { untilMs, exceptId: undefined });
      assert.equal((await asked(three, 0, fence)).status, 'doubtful');
    },
  ],
  [
    'a fence leaves one session alone, to which the one before applies',
    async ({ principals, id, until }) => {
      const [ada, one, two] = [someone(), id(), id()];
      const ageFor = async (session: string) =>
        (await principals.enter(ada, session, DAY_MS)).fence?.ageMs;
      await principals.fence(ada, one);
      assert.equal(await ageFor(one), undefined);
      assert.notEqual(await ageFor(two), undefined);
      await until(async () => (await ageFor(two))! > 500);
      await principals.fence(ada, two);
      assert.ok((await ageFor(one))! < 500);
      assert.ok((await ageFor(two))! > 500);
      await principals.fence(ada, two);
      assert.ok((await ageFor(two))! > 500);
      await principals.fence(ada);
      assert.ok((await ageFor(two))! < 500);
      await principals.leave(ada, await principals.entries(ada, 1000));
      assert.ok((await ageFor(id()))! < 500);
    },
  ],
  [
    'principals are any text, and others where a character is',
    async ({ principals, id }) => {
      const names = [
        'é',
        'e\u0301',
        ' ',
        'a b',
        'a\nb',
        'a\u0000',
        '!fence',
        '{1}',
        '💚',
        'x'.repeat(1000),
      ];
      const unique = names.map((name) => name + randomUUID());
      for (const name of unique) await principals.enter(name, id(), DAY_MS);
      for (const name of unique) assert.equal((await principals.entries(name, 10)).length, 1);
    },
  ],
];
