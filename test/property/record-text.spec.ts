import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { RedisBackend, type SessionRecord } from 'nestjs-server-session';
import { applyRotation } from '../../src/backends/session-change.js';
import { readRecordText, recordText } from '../../src/backends/redis/record-text.js';
import { RedisServer } from '../support/redis-server.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 400);
const SEED = process.env['PROPERTY_RUNS'] ? {} : { seed: 20_261_123 };

/** Text with the bytes that Redis and Lua treat specially, and some that are more than one. */
const character = fc.constantFrom(...Array.from('ab$%^-+=>?[]().*\\"\'\0\n\x1c\x1d\x1e\x1f é€😀'));
const text = fc.string({ unit: character, maxLength: 8 });
const isName = (name: string) => name !== '__proto__';
const name = fc.oneof(
  fc.constantFrom('$created', '$seen', '$c', '$s', '$idle', 'a', 'n', '', 'constructor'),
  text.filter(isName),
);
const time = fc.oneof(fc.constantFrom('1767225600000', '0', '-1', '007', '=', ''), text);
const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
const record = fc.dictionary(name, fc.oneof(time, text, number.map(String)), {
  noNullPrototype: true,
});
const rotation = fc
  .record({
    set: fc.dictionary(name, fc.oneof(time, text), { noNullPrototype: true }),
    remove: fc.uniqueArray(name),
    increment: fc.dictionary(name, number, { noNullPrototype: true }),
    keep: fc.option(fc.uniqueArray(name), { nil: undefined }),
  })
  .map(({ set, remove, increment, keep }) => ({
    set,
    remove: remove.filter((each) => !Object.hasOwn(set, each)),
    increment: Object.fromEntries(
      Object.entries(increment).filter(
        ([each]) => !each.startsWith('$') && !Object.hasOwn(set, each) && !remove.includes(each),
      ),
    ),
    ...(keep && { keep }),
  }));

/** Names that Redis keeps in short are read back in full: a record that holds both spellings is no session’s. */
const isWithoutShort = (names: string[]) => !names.includes('$c') && !names.includes('$s');

describe('a record as text', () => {
  it('is read back as it was', () => {
    fc.assert(
      fc.property(record, (each) => {
        fc.pre(isWithoutShort(Object.keys(each)));
        expect(readRecordText(recordText(each))).toEqual(each);
      }),
      { numRuns: RUNS * 10, ...SEED },
    );
  });

  it('takes any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 40 }), (each) => {
        expect(typeof readRecordText(each)).toBe('object');
      }),
      { numRuns: RUNS * 10, ...SEED },
    );
  });
});

describe('a change made by the script', () => {
  let server: RedisServer;
  let client: Redis;
  beforeAll(async () => {
    server = await RedisServer.start();
    client = server.client();
  });
  afterAll(async () => {
    client.disconnect();
    await server.stop();
  });

  it('gives what the same change gives in memory', async () => {
    const backend = new RedisBackend({ client });
    const property = async (
      stored: SessionRecord,
      change: typeof rotation extends fc.Arbitrary<infer T> ? T : never,
    ) => {
      fc.pre(isWithoutShort([...Object.keys({ ...stored, ...change.set }), ...change.remove]));
      await backend.set('changed', stored, 60);
      const expected = { ...stored };
      applyRotation(expected, change);
      if (change.keep) expect(await backend.rotate('changed', 'rotated', change, 60)).toBe(true);
      else expect(await backend.update('changed', change, 60)).toBe(true);
      expect(asNumbers(await backend.get(change.keep ? 'rotated' : 'changed'), change)).toEqual(
        asNumbers(expected, change),
      );
    };
    await fc.assert(fc.asyncProperty(record, rotation, property), { numRuns: RUNS * 3, ...SEED });
  }, 600_000);
});

/** Redis writes a sum with all its digits, JavaScript with as many as tell it from others. */
function asNumbers(
  given: SessionRecord | null,
  { increment }: { increment: Record<string, number> },
) {
  return Object.fromEntries(
    Object.entries(given ?? {}).map(([each, value]) => [
      each,
      Object.hasOwn(increment, each) ? Number(value) : value,
    ]),
  );
}
