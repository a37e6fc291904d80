import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import fc from 'fast-check';
import type { SessionRecord } from 'nestjs-server-session';
import { ActiveSession } from '../../src/session/active-session.js';
import { createSessionObject } from '../../src/session/session-object.js';
import { storedSession } from '../../src/session/stored-session.js';
import { FUZZ_SEED, FUZZ_TIMEOUT_MS, RECORD_RUNS, TOKEN, tokens } from '../support/fuzz.js';
import { lifeRuntime } from '../support/life.js';

describe('a stored record of anything', () => {
  /** Of a session that is not stored. */
  const DEAD = tokens[2]!;
  const ID = TOKEN.slice(0, 22);
  const hashOf = (token: string) =>
    createHash('sha256').update(token.slice(22)).digest('base64url');
  const HASH = hashOf(TOKEN);
  const NOW_MS = Date.UTC(2030, 0, 1);
  const IDLE_MS = 600_000;
  const ABSOLUTE_MS = 3_600_000;
  const stored = new Map<string, SessionRecord>();
  /** With what `onUndecodable` was called. */
  const undecodable: unknown[][] = [];
  let reads = 0;
  const lifetime = { idleMs: IDLE_MS, absoluteMs: ABSOLUTE_MS };
  const runtime = lifeRuntime({
    backend: {
      get: async (id) => {
        reads++;
        return stored.get(id) ?? null;
      },
      set: () => Promise.reject(new Error('written')),
      delete: () => Promise.reject(new Error('deleted')),
    },
    lifetime,
    onUndecodable: (...args: unknown[]) => undecodable.push(args),
  });
  const prototypes = () =>
    [Object, Array, Map, Function, String, Number].flatMap(({ prototype }) =>
      Reflect.ownKeys(prototype).flatMap((key) => {
        const { value, get, set } = Object.getOwnPropertyDescriptor(prototype, key)!;
        return [key, value, get, set] as unknown[];
      }),
    );
  const before = prototypes();

  beforeAll(() => {
    vi.spyOn(Date, 'now').mockReturnValue(NOW_MS);
    vi.spyOn(performance, 'now').mockReturnValue(0);
  });
  afterAll(() => {
    vi.restoreAllMocks();
    const after = prototypes();
    expect(after.length).toBe(before.length);
    expect(after.every((each, i) => Object.is(each, before[i]))).toBe(true);
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
    { weight: 1, arbitrary: fc.string({ maxLength: 6 }).map((name) => `~${name}`) },
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
  const hash = fc.oneof(
    { weight: 6, arbitrary: fc.constant(HASH) },
    { weight: 2, arbitrary: fc.constant(hashOf(DEAD)) },
    {
      weight: 1,
      arbitrary: fc.oneof(rough, fc.constantFrom(HASH.slice(1), `${HASH}A`, HASH.toLowerCase())),
    },
  );
  const until = fc.oneof(
    fc.integer({ min: -60_000, max: 60_000 }).map((ms) => `${NOW_MS + ms}`),
    fc.oneof(number, rough),
  );
  const secret = fc.record(
    {
      $hash: hash,
      $gen: fc.oneof({ weight: 8, arbitrary: fc.constant('g1') }, rough),
      $previous: fc.oneof(
        fc.tuple(hash, until).map((parts) => parts.join('.')),
        rough,
        hash,
      ),
      $version: fc.oneof(fc.constantFrom('2', '1', '0', ''), rough),
    },
    { requiredKeys: [] },
  );
  /** Most records have all that one must have, and no version. */
  const whole = secret.map((given) => {
    const all = { $hash: HASH, $gen: 'g1', ...given };
    delete all.$version;
    return all;
  });
  const record = fc
    .tuple(
      metadata,
      fc.oneof({ weight: 4, arbitrary: whole }, { weight: 1, arbitrary: secret }),
      data,
      fc.boolean(),
    )
    .map(([own, names, fields, isBare]): SessionRecord => {
      const all = Object.fromEntries<string>([
        ...fields,
        ...Object.entries(own),
        ...Object.entries(names),
      ]);
      return isBare ? (Object.assign(Object.create(null), all) as SessionRecord) : all;
    });

  type Said = 'session' | 'none' | 'refused' | 'undecodable';

  /** Said without the library's code: what the record is to whoever knows its id, and to whoever brings the token. */
  function expected(given: SessionRecord) {
    const own = (name: string) => (Object.hasOwn(given, name) ? given[name] : undefined);
    const numbers = ['$created', '$seen', '$renewed', '$idle', '$absolute', '$persistent'].map(
      (name) => (own(name) === undefined ? undefined : Number(own(name) || 'none')),
    );
    const [created, seen, renewed, idle = IDLE_MS, absolute = ABSOLUTE_MS] = numbers;
    const data: [string, unknown][] = [];
    const areTimesBroken =
      !Number.isSafeInteger(created) || !Number.isSafeInteger(seen) || numbers.some(Number.isNaN);
    let isUndecodable = false;
    try {
      for (const [name, text] of Object.entries(given)) {
        if (name.startsWith('$')) continue;
        const value = finite(JSON.parse(text.replace(/^=/, '')));
        if (!name.startsWith('~')) data.push([name, value]);
      }
    } catch {
      isUndecodable = true;
    }
    const endsAtMs = Math.min((seen ?? NaN) + idle, (created ?? NaN) + absolute);
    const isBroken = areTimesBroken || !own('$hash') || !own('$gen');
    const [previous, graceEnd] = own('$previous')?.split('.') ?? [];
    const opens = own('$hash') === HASH || (previous === HASH && Number(graceEnd) > NOW_MS);
    const isRecent = NOW_MS - Number(own('$renewed') === undefined ? created : renewed) < 60_000;
    const decoded: Said = isUndecodable ? 'undecodable' : 'session';
    const known: Said = isBroken ? 'undecodable' : endsAtMs > NOW_MS ? decoded : 'none';
    const isOpen = known === 'undecodable' ? opens || isBroken : known === 'none' || opens;
    const isLater = own('$version') !== undefined;
    return {
      data,
      byId: isLater ? ('none' as const) : known,
      byToken: isLater ? ('refused' as const) : isOpen ? known : isRecent ? 'refused' : 'none',
    };
  }

  function show(given: SessionRecord): void {
    stored.clear();
    stored.set(ID, given);
    undecodable.length = 0;
    reads = 0;
  }
  /** That it was told of exactly what it could not decode, by id, and read once for each token. */
  function isQuiet(said: Said, maxReads: number): boolean {
    const told = said === 'undecodable' ? [[ID]] : [];
    return reads <= maxReads && isDeepStrictEqual(undecodable, told);
  }
  function isClean(): boolean {
    return !('polluted' in {}) && Object.keys(Object.prototype).length === 0;
  }
  async function check(property: (given: SessionRecord) => Promise<boolean>): Promise<void> {
    await fc.assert(fc.asyncProperty(record, property), {
      numRuns: Math.ceil(RECORD_RUNS / 2),
      ...FUZZ_SEED,
    });
  }

  it(
    'is no session, or one with exactly its fields, by its id',
    async () => {
      const seen = { session: 0, none: 0, refused: 0, undecodable: 0 };
      await check(async (given) => {
        show(given);
        const { byId, byToken, data } = expected(given);
        seen[byToken]++;
        const found = await runtime.store.peek(ID);
        if (!isQuiet(byId, 1) || !isClean()) return false;
        if (!found || byId !== 'session') return !found && byId !== 'session';
        const shown = storedSession(ID, found, lifetime);
        const isPlain = Object.getPrototypeOf(shown.data) === Object.prototype;
        return isPlain && isDeepStrictEqual(Object.entries(shown.data), data);
      });
      // Or the test would hold whatever the library did.
      for (const count of Object.values(seen)) expect(count).toBeGreaterThan(RECORD_RUNS / 50);
    },
    FUZZ_TIMEOUT_MS,
  );

  it(
    'is an empty new session to a request, or a session with exactly its fields that reading does not change',
    async () => {
      await check(async (given) => {
        show(given);
        const { byToken, data } = expected(given);
        const life = await ActiveSession.open(runtime, [DEAD, TOKEN]);
        const fields = life.read();
        const read = fields.keys().map((key) => [key, fields.get(key)]);
        const copy = { ...createSessionObject(life) };
        if (!isQuiet(byToken, 2) || !isClean() || fields.change() !== undefined) return false;
        if (byToken !== 'session') {
          const isRefused = life.state === 'refused';
          return life.isNew && read.length === 0 && isRefused === (byToken === 'refused');
        }
        return (
          !life.isNew &&
          life.id === ID &&
          isDeepStrictEqual(read, data) &&
          isDeepStrictEqual(Object.keys(copy), fields.keys())
        );
      });
    },
    FUZZ_TIMEOUT_MS,
  );
});

/** Of numbers with more digits than a number can have. */
function finite(value: unknown): unknown {
  return typeof value === 'number'
    ? Math.max(-Number.MAX_VALUE, Math.min(value, Number.MAX_VALUE))
    : value;
}
