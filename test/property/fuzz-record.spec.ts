import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { AtomicAdapter, JsonCodec, type SessionRecord } from 'nestjs-server-session';
import { ActiveSession } from '../../src/session/active-session.js';
import { Operations } from '../../src/session/operations.js';
import { createSessionObject } from '../../src/session/session-object.js';
import type { SessionRuntime } from '../../src/session/session-runtime.js';
import { readSession } from '../../src/session/stored-session.js';
import { tokenId } from '../../src/session/token.js';
import { FUZZ_SEED, FUZZ_TIMEOUT_MS, RECORD_RUNS, TOKEN, tokens } from '../support/fuzz.js';

describe('a stored record of anything', () => {
  /** Of a session that is not stored. */
  const DEAD = tokens[2]!;
  const ID = tokenId(TOKEN);
  const NEXT_ID = tokenId(tokens[1]!);
  const NOW_MS = Date.UTC(2030, 0, 1);
  const IDLE_MS = 600_000;
  const ABSOLUTE_MS = 3_600_000;
  const stored = new Map<string, SessionRecord>();
  /** With what `onUndecodable` was called. */
  const undecodable: unknown[][] = [];
  let reads = 0;
  const runtime: SessionRuntime = {
    backend: new AtomicAdapter({
      get: async (id) => {
        reads++;
        return stored.get(id) ?? null;
      },
      set: () => Promise.reject(new Error('written')),
      delete: () => Promise.reject(new Error('deleted')),
    }),
    codec: new JsonCodec(),
    lifetime: { idleMs: IDLE_MS, absoluteMs: ABSOLUTE_MS },
    touchIntervalMs: 60_000,
    renewIntervalMs: Infinity,
    renewGraceMs: 30_000,
    operations: new Operations(),
    onUndecodable: (...args: unknown[]) => undecodable.push(args),
  };
  const prototypes = () =>
    [Object, Array, Map, Function, String, Number].map((each) =>
      Object.getOwnPropertyDescriptors(each.prototype),
    );
  const before = prototypes();

  beforeAll(() => {
    jest.spyOn(Date, 'now').mockReturnValue(NOW_MS);
  });
  afterAll(() => {
    jest.restoreAllMocks();
    expect(isDeepStrictEqual(prototypes(), before)).toBe(true);
  });

  const NAMES = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'toJSON',
    'then',
    'length',
    'id',
    'save',
    'isNew',
    '0',
    '4294967295',
    '-1',
    '',
    ' ',
    'ſ',
  ];
  const field = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...NAMES) },
    { weight: 3, arbitrary: fc.string({ maxLength: 6 }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
    { weight: 1, arbitrary: fc.string({ maxLength: 6 }).map((name) => `$${name}`) },
  );
  const json = fc.oneof(
    fc.json({ maxDepth: 3 }),
    fc.constantFrom(
      '{"__proto__":{"polluted":true}}',
      '{"constructor":{"prototype":{"polluted":true}}}',
      '{"a":1,"a":2}',
      '["__proto__","polluted"]',
      '"\\u0000\\ud800"',
      `${'['.repeat(500)}${']'.repeat(500)}`,
    ),
  );
  const number = fc.oneof(
    fc.double().map(String),
    fc.maxSafeInteger().map(String),
    fc.bigInt().map(String),
    fc.constantFrom('-0', '1e999', '-1E999', '1e-999', '01', '+1', '.5', '5.', '0x10', '1_0', '١'),
    fc.constantFrom('Infinity', '-Infinity', 'NaN', '9'.repeat(400), '0.' + '1'.repeat(400)),
  );
  const rough = fc.oneof(
    fc.string({ maxLength: 10 }),
    fc.string({ unit: 'binary', maxLength: 10 }),
    fc.constantFrom(
      '',
      '=',
      '==',
      '=1',
      '="x"',
      ' 1',
      '1\n',
      '\ufeff1',
      'undefined',
      '[object Object]',
    ),
  );
  /** Texts a codec has written; most records must decode, or nothing but the refusal would be tested. */
  const good = fc.oneof(
    { weight: 3, arbitrary: json },
    { weight: 1, arbitrary: json.map((text) => `=${text}`) },
    { weight: 1, arbitrary: fc.maxSafeInteger().map(String) },
  );
  const bad = fc.oneof(
    number,
    rough,
    fc.tuple(json, fc.nat(40)).map(([text, at]) => text.slice(0, at % (text.length + 1))),
  );
  const data = fc.oneof(
    { weight: 2, arbitrary: fc.array(fc.tuple(field, good), { maxLength: 5 }) },
    {
      weight: 1,
      arbitrary: fc.array(fc.tuple(field, fc.oneof(good, bad)), { maxLength: 5 }),
    },
  );
  const time = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.integer({ min: 0, max: IDLE_MS * 1.1 }).map((ago) => `${NOW_MS - ago}`),
    },
    { weight: 1, arbitrary: fc.oneof(number, rough) },
  );
  const odd = fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom('1', '0', '60000', 'Infinity', `${NOW_MS}`) },
    { weight: 1, arbitrary: fc.oneof(number, rough, json) },
  );
  const metadata = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ $created: time, $seen: time }),
    },
    {
      weight: 1,
      arbitrary: fc.record(
        {
          $created: time,
          $seen: time,
          $renewed: odd,
          $idle: odd,
          $absolute: odd,
          $persistent: odd,
        },
        { requiredKeys: [] },
      ),
    },
  );
  const record = fc
    .tuple(metadata, data, fc.boolean())
    .map(([own, fields, isBare]): SessionRecord => {
      const all = Object.fromEntries<string>([...fields, ...Object.entries(own)]);
      return isBare ? (Object.assign(Object.create(null), all) as SessionRecord) : all;
    });
  const next = fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: fc.constantFrom(NEXT_ID, ID) },
    { weight: 1, arbitrary: fc.oneof(rough, fc.constantFrom('__proto__', 'constructor')) },
  );
  const scene = fc.tuple(record, next, record).map(([first, to, moved]) => ({
    first: to === undefined ? first : { ...first, $next: to },
    moved,
  }));
  type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

  /** Said without the library's code: what the record says, `null` where nothing lives there. */
  function expected({ first, moved }: Scene) {
    const to = Object.hasOwn(first, '$next') ? first['$next'] : undefined;
    const id = to ?? ID;
    const found = to === undefined || to === ID ? first : to === NEXT_ID ? moved : undefined;
    if (!found) return { id, data: null, isUndecodable: false };
    const numbers = ['$created', '$seen', '$renewed', '$idle', '$absolute', '$persistent'].map(
      (name) => (Object.hasOwn(found, name) ? Number(found[name] || 'none') : undefined),
    );
    const [created, seen, , idle = IDLE_MS, absolute = ABSOLUTE_MS] = numbers;
    const data: [string, unknown][] = [];
    let isUndecodable =
      !Number.isSafeInteger(created) || !Number.isSafeInteger(seen) || numbers.some(Number.isNaN);
    try {
      for (const [name, text] of Object.entries(found)) {
        if (!name.startsWith('$')) data.push([name, JSON.parse(text.replace(/^=/, ''))]);
      }
    } catch {
      isUndecodable = true;
    }
    const isAlive = !isUndecodable && Math.min(seen! + idle, created! + absolute) > NOW_MS;
    return { id, data: isAlive ? data : null, isUndecodable };
  }

  function show(scene: Scene): void {
    stored.clear();
    stored.set(ID, scene.first).set(NEXT_ID, scene.moved);
    undecodable.length = 0;
    reads = 0;
  }
  /** That it was told of exactly what it could not decode, by id, and read no further than one step. */
  function isQuiet({ id, isUndecodable }: ReturnType<typeof expected>, maxReads: number): boolean {
    return reads <= maxReads && isDeepStrictEqual(undecodable, isUndecodable ? [[id]] : []);
  }
  function isClean(): boolean {
    return !('polluted' in {}) && Object.keys(Object.prototype).length === 0;
  }
  async function check(property: (scene: Scene) => Promise<boolean>): Promise<void> {
    await fc.assert(fc.asyncProperty(scene, property), {
      numRuns: Math.ceil(RECORD_RUNS / 2),
      ...FUZZ_SEED,
    });
  }

  it(
    'is no session, or one with exactly its fields',
    async () => {
      const seen = { sessions: 0, nothing: 0, undecodable: 0 };
      await check(async (scene) => {
        show(scene);
        const should = expected(scene);
        seen[should.data ? 'sessions' : should.isUndecodable ? 'undecodable' : 'nothing']++;
        const found = await readSession(runtime, ID);
        if (!isQuiet(should, 2) || !isClean()) return false;
        if (!found || !should.data) return found === should.data;
        const isPlain = Object.getPrototypeOf(found.data) === Object.prototype;
        return (
          found.id === should.id &&
          isPlain &&
          isDeepStrictEqual(Object.entries(found.data), should.data)
        );
      });
      // Or the test would hold whatever the library did.
      for (const count of Object.values(seen)) expect(count).toBeGreaterThan(RECORD_RUNS / 50);
    },
    FUZZ_TIMEOUT_MS,
  );

  it(
    'is an empty new session to a request, or a session with exactly its fields that reading does not change',
    async () => {
      await check(async (scene) => {
        show(scene);
        const should = expected(scene);
        const active = await ActiveSession.load(runtime, [DEAD, TOKEN]);
        const { fields } = active;
        const read = fields.keys().map((key) => [key, fields.get(key)]);
        const copy = { ...createSessionObject(active) };
        if (!isQuiet(should, 3) || !isClean() || fields.change() !== undefined) return false;
        if (!should.data) {
          return active.isNew && read.length === 0 && ![DEAD, TOKEN].includes(active.token!);
        }
        return (
          !active.isNew &&
          active.id === should.id &&
          isDeepStrictEqual(read, should.data) &&
          isDeepStrictEqual(Object.keys(copy), fields.keys())
        );
      });
    },
    FUZZ_TIMEOUT_MS,
  );
});
