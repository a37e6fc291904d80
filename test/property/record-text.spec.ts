import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import {
  RedisBackend,
  type SessionChange,
  type SessionRecord,
  type UpdateResult,
} from 'nestjs-server-session';
import { applyChange } from '../../src/backends/apply-change.js';
import { readRecordText, recordText } from '../../src/backends/record-text.js';
import { hashOf } from '../../src/testing/records.js';
import { RedisServer } from '../support/redis-server.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 400);
const SEED = process.env['PROPERTY_RUNS'] ? {} : { seed: 20_261_123 };

/** Text with the bytes that Redis and Lua treat specially, and some that are more than one. */
const character = fc.constantFrom(...Array.from('ab$%^-+=>?[]().*\\"\'\0\n\x1c\x1d\x1e\x1f é€😀'));
const text = fc.string({ unit: character, maxLength: 8 });
const isName = (name: string) => name !== '__proto__';
const name = fc.oneof(
  fc.constantFrom(
    '$gen',
    '$hash',
    '$created',
    '$seen',
    '$idle',
    '$op:x',
    'a',
    'n',
    '',
    'constructor',
  ),
  text.filter(isName),
);
const time = fc.oneof(fc.constantFrom('1767225600000', '0', '-1', '007', '=', ''), text);
const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
const record = fc.dictionary(name, fc.oneof(time, text, number.map(String)), {
  noNullPrototype: true,
});

/** Far enough from each other that a moment more or less decides nothing. */
const AGES_MS = [-5_000, 0, 0, 0, 10_000, 20_000, 70_000];
const LIVES_MS = [15_000, 65_000, 600_000];
const age = fc.constantFrom(...AGES_MS);
const life = fc.constantFrom(...LIVES_MS.map(String));
const brokenLife = fc.constantFrom('x', '');
const hash = fc.constantFrom('a', 'b', 'c').map(hashOf);
const generation = fc.constantFrom('g1', 'g1', 'g1', 'g2');
const operationName = fc.constantFrom('$op:x', '$op:y');
const dataName = name.filter((each) => !each.startsWith('$'));
const data = fc.dictionary(dataName, fc.oneof(text, number.map(String)), { noNullPrototype: true });

/** A session's metadata, with each time as how long it is ago. */
const metadata = fc.record(
  {
    $gen: generation,
    $hash: hash,
    $created: age,
    $seen: age,
    $renewed: age,
    $previous: fc.tuple(hash, age),
    $idle: fc.oneof({ weight: 4, arbitrary: life }, brokenLife),
    $absolute: fc.oneof({ weight: 4, arbitrary: life }, brokenLife, fc.constant('Infinity')),
    $persistent: fc.constantFrom('1', '0'),
    '$op:x': fc.oneof(age, fc.constant('broken')),
    '$op:y': fc.oneof(age, fc.constant('')),
  },
  { requiredKeys: ['$gen', '$hash', '$created', '$seen'] },
);
type Metadata = typeof metadata extends fc.Arbitrary<infer T> ? T : never;

const change: fc.Arbitrary<SessionChange> = fc
  .record({
    generation,
    hash,
    secret: fc.option(
      fc.record(
        { hash, generation: fc.constantFrom('g2', 'g3'), graceMs: fc.constantFrom(0, 30_000) },
        { requiredKeys: ['hash', 'graceMs'] },
      ),
      { nil: undefined },
    ),
    isUse: fc.boolean(),
    keep: fc.option(fc.uniqueArray(name), { nil: undefined }),
    operation: fc.option(operationName, { nil: undefined, freq: 2 }),
    set: data,
    own: fc.record(
      { $idle: life, $absolute: life, $persistent: fc.constantFrom('1', '0') },
      { requiredKeys: [] },
    ),
    remove: fc.uniqueArray(fc.oneof(dataName, operationName)),
    increment: fc.dictionary(dataName, number, { noNullPrototype: true }),
  })
  .map(({ secret, keep, operation, own, ...rest }) => {
    const set: SessionRecord = { ...rest.set, ...own };
    const remove = rest.remove.filter((each) => !Object.hasOwn(set, each) && each !== operation);
    const isFree = ([each]: [string, number]) =>
      !Object.hasOwn(set, each) && !remove.includes(each);
    const increment = Object.fromEntries(Object.entries(rest.increment).filter(isFree));
    return {
      ...rest,
      set,
      remove,
      increment,
      ...(secret && { secret }),
      ...(keep && { keep }),
      ...(operation !== undefined && { operation }),
    };
  });

function storedRecord(own: Metadata, fields: SessionRecord, nowMs: number): SessionRecord {
  const record: SessionRecord = { ...fields };
  for (const [each, value] of Object.entries(own)) {
    if (Array.isArray(value)) record[each] = `${value[0]}.${nowMs - Number(value[1])}`;
    else record[each] = typeof value === 'number' ? String(nowMs - value) : value;
  }
  return record;
}

describe('a record as text', () => {
  it('is read back as it was', () => {
    fc.assert(
      fc.property(record, (each) => {
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
    const seen = { gone: 0, applied: 0, replaced: 0 };
    const property = async (own: Metadata, fields: SessionRecord, sent: SessionChange) => {
      await backend.syncClock();
      const nowMs = backend.now();
      const before = storedRecord(own, fields, nowMs);
      const expected = { ...before };
      const should = applyChange(expected, sent, LIFETIME, nowMs, Infinity);
      await backend.set('changed', before, 60);
      const result = await backend.update('changed', sent, LIFETIME);
      seen[result.status]++;
      if (result.status !== 'gone' && should.status !== 'gone') {
        // By two clocks that are some milliseconds apart.
        expect(Math.abs(result.expiresAtMs - should.expiresAtMs)).toBeLessThan(2500);
      }
      expect(withoutEnd(result)).toEqual(withoutEnd(should));
      // A life that the change itself has ended: Redis drops the record at once.
      if (should.status !== 'gone' && should.expiresAtMs <= nowMs) return;
      expect(comparable(await backend.get('changed'), sent, nowMs)).toEqual(
        comparable(expected, sent, nowMs),
      );
    };
    await fc.assert(fc.asyncProperty(metadata, data, change, property), {
      numRuns: RUNS * 5,
      ...SEED,
    });
    // Or the test would hold whatever the script did.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(RUNS / 10);
  }, 600_000);
});

const LIFETIME = { idleMs: 65_000, absoluteMs: 600_000 };

/** By two clocks that are some milliseconds apart. */
const near = (ms: number) => Math.round(ms / 5000);

function withoutEnd(result: UpdateResult) {
  return { ...result, expiresAtMs: undefined };
}

/**
 * Names of changes that are past their time may stay until data are changed.
 * Redis writes a sum with all its digits, JavaScript with as many as tell it from others.
 */
function comparable(given: SessionRecord | null, { increment }: SessionChange, nowMs: number) {
  const isTime = /^\$(seen|renewed|op:[xy])$/;
  const fields = Object.entries(given ?? {})
    .filter(([each, value]) => !each.startsWith('$op:') || Number(value) > nowMs)
    .map(([each, value]) => {
      if (Object.hasOwn(increment, each)) return [each, Number(value)];
      if (isTime.test(each)) return [each, near(Number(value) - nowMs)];
      if (each !== '$previous') return [each, value];
      const [before, endsAtMs] = value.split('.');
      return [each, `${before}.${near(Number(endsAtMs) - nowMs)}`];
    });
  return Object.fromEntries(fields) as Record<string, unknown>;
}
