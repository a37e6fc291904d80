import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AtomicAdapter, JsonCodec, type Session } from 'nestjs-server-session';
import { isAtomic } from '../../src/backends/session-backend.js';
import { ActiveSession } from '../../src/session/active-session.js';
import { Operations } from '../../src/session/operations.js';
import { createSessionObject } from '../../src/session/session-object.js';
import type { SessionRuntime } from '../../src/session/session-runtime.js';
import { endSession } from '../../src/session/session-writer.js';
import { readSession } from '../../src/session/stored-session.js';
import { startBackend, type TestBackend } from '../support/backends.js';
import { BACKENDS } from '../support/matrix.js';
import { ModelRequest, ModelSession, numberOf, type Operation } from '../support/session-model.js';

const KEYS = ['a', 'b', 'n', 'list'];
const STARTED = { a: 1, n: 5, list: [0] };
/** More and others by hand: `PROPERTY_RUNS=20000 npm run jest -- test/property`. */
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 400);
/** The same programs in each run of `npm test`, so that it fails for what was changed and nothing else. */
const SEED = process.env['PROPERTY_RUNS'] ? {} : { seed: 20_261_122 };

const key = fc.constantFrom(...KEYS);
const value = fc.oneof(
  fc.integer({ min: 0, max: 9 }),
  fc.constantFrom('x', null, true),
  fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 2 }),
);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('set' as const), key, value }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('increment' as const), key: fc.constantFrom('n', 'a') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('push' as const),
      key: fc.constant('list'),
      value: fc.nat(9),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('clear' as const, 'save' as const, 'destroy' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record(
      { do: fc.constant('regenerate' as const), keep: fc.subarray(KEYS) },
      { requiredKeys: ['do'] },
    ),
  },
);
/** Requests, each with what it does, and whose turn it is at each step; then the rest of each in turn. */
const program = fc.record({
  requests: fc.array(fc.array(operation, { maxLength: 6 }), { minLength: 2, maxLength: 4 }),
  turns: fc.array(fc.nat(4), { maxLength: 30 }),
  /** After how many turns the session that all began with is revoked, if it is. */
  revokedAt: fc.option(fc.nat(20)),
});
type Program = typeof program extends fc.Arbitrary<infer T> ? T : never;

/** One request, real and modelled side by side. */
class Runner {
  #real: ActiveSession | undefined;
  #session: Session | undefined;
  #model: ModelRequest | undefined;
  #step = 0;

  constructor(
    private readonly runtime: SessionRuntime,
    private readonly token: string,
    private readonly started: ModelSession,
    private readonly operations: Operation[],
  ) {}

  get isDone(): boolean {
    return this.#step > this.operations.length;
  }

  async step(): Promise<void> {
    if (this.#step === 0) {
      this.#real = await ActiveSession.load(this.runtime, [this.token]);
      this.#session = createSessionObject(this.#real);
      this.#model = new ModelRequest(this.started.isAlive ? this.started : null);
    } else {
      const next = this.operations[this.#step - 1]!;
      if (isPossible(next, this.#model!)) {
        this.#model!.apply(next);
        await perform(next, this.#session! as unknown as LooseSession);
      }
    }
    this.#step++;
    expect({ ...this.#session }).toEqual(this.#model!.view);
  }

  async commit(): Promise<void> {
    this.#model!.commit();
    await this.#real!.commit(false);
  }

  async check(): Promise<void> {
    const stored = await readSession(this.runtime, this.#real!.id);
    const { session } = this.#model!;
    expect(stored?.data ?? null).toEqual(session?.isAlive ? session.data : null);
  }
}

type LooseSession = Record<string, unknown> & {
  increment(key: string): number;
  clear(): void;
  save(): Promise<void>;
  destroy(): Promise<void>;
  regenerate(options: { keep?: string[] }): Promise<void>;
};

function isPossible(next: Operation, model: ModelRequest): boolean {
  if (next.do === 'push') return Array.isArray(model.view[next.key]);
  if (next.do !== 'increment') return true;
  const value = model.view[next.key];
  return value === undefined || numberOf(value) !== undefined;
}

async function perform(next: Operation, session: LooseSession): Promise<void> {
  switch (next.do) {
    case 'set':
      session[next.key] = structuredClone(next.value);
      return;
    case 'push':
      (session[next.key] as number[]).push(next.value);
      return;
    case 'delete':
      delete session[next.key];
      return;
    case 'increment':
      session.increment(next.key);
      return;
    case 'clear':
      return session.clear();
    case 'save':
      return session.save().catch((error: Error) => expect(error.name).toBe('SessionGoneError'));
    case 'destroy':
      return session.destroy();
    case 'regenerate':
      return session.regenerate({ ...(next.keep && { keep: next.keep }) });
  }
}

describe.each(BACKENDS)('random programs of parallel requests, on %s', (name) => {
  let backend: TestBackend;
  let runtime: SessionRuntime;
  beforeAll(async () => {
    backend = await startBackend(name);
    const raw = backend.backend;
    runtime = {
      backend: isAtomic(raw) ? raw : new AtomicAdapter(raw),
      codec: new JsonCodec(),
      lifetime: { idleMs: 600_000, absoluteMs: Infinity },
      touchIntervalMs: 60_000,
      renewIntervalMs: Infinity,
      renewGraceMs: 30_000,
      operations: new Operations(),
      onUndecodable: (id) => {
        throw new Error(`undecodable: ${id}`);
      },
    };
  });
  afterAll(() => backend.stop());

  async function start() {
    const first = ActiveSession.create(runtime);
    Object.assign(createSessionObject(first), structuredClone(STARTED));
    await first.commit(false);
    return { token: first.token!, id: first.id, model: new ModelSession(structuredClone(STARTED)) };
  }

  async function run({ requests, turns, revokedAt }: Program): Promise<void> {
    const started = await start();
    const runners = requests.map(
      (operations) => new Runner(runtime, started.token, started.model, operations),
    );
    const order = turns.map((turn) => turn % runners.length);
    for (const index of runners.keys()) order.push(...Array<number>(8).fill(index));
    for (const [turn, index] of order.entries()) {
      if (turn === revokedAt) {
        started.model.isAlive = false;
        await endSession(runtime, started.id);
      }
      const runner = runners[index]!;
      if (runner.isDone) continue;
      await runner.step();
      if (runner.isDone) await runner.commit();
    }
    for (const runner of runners) await runner.check();
  }

  it('end as the model says', async () => {
    await fc.assert(fc.asyncProperty(program, run), { numRuns: RUNS, ...SEED });
  }, 600_000);

  it('commits at once keep what each request wrote to fields of its own', async () => {
    const writes = fc.array(fc.tuple(fc.boolean(), fc.integer()), { minLength: 2, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(writes, async (list) => {
        const { token, id } = await start();
        const loaded = await Promise.all(list.map(() => ActiveSession.load(runtime, [token])));
        const expected: Record<string, unknown> = structuredClone(STARTED);
        for (const [index, [isIncrement, value]] of list.entries()) {
          const session = createSessionObject(loaded[index]!) as unknown as LooseSession;
          session[`field${index}`] = value;
          expected[`field${index}`] = value;
          if (!isIncrement) continue;
          session.increment('n');
          expected['n'] = (expected['n'] as number) + 1;
        }
        await Promise.all(loaded.map(async (session) => session.commit(false)));
        expect((await readSession(runtime, id))?.data).toEqual(expected);
      }),
      { numRuns: Math.ceil(RUNS / 4), ...SEED },
    );
  }, 600_000);
});
