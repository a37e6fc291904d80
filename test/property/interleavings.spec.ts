import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import fc from 'fast-check';
import type { Session } from 'nestjs-server-session';
import type { ServerStore } from '../../src/session/server-store.js';
import { ActiveSession } from '../../src/session/active-session.js';
import { createSessionObject } from '../../src/session/session-object.js';
import type { SessionRuntime } from '../../src/session/session-runtime.js';
import { startBackend, type TestBackend } from '../support/backends.js';
import { lifeRuntime } from '../support/life.js';
import { isWhole } from '../support/extent.js';
import { BACKENDS } from '../support/matrix.js';
import { sharedCluster, START_MS } from '../support/shared-servers.js';
import {
  ModelRequest,
  ModelSecret,
  ModelSession,
  type ModelWorld,
  numberOf,
  type Operation,
} from '../support/session-model.js';

const KEYS = ['a', 'b', 'n', 'list'];
const STARTED = { a: 1, n: 5, list: [0] };
/** More and others by hand: `PROPERTY_RUNS=20000 npm run vitest -- test/property`. */
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? (isWhole ? 120 : 40));
/** The same programs in each run of `npm test`, so that it fails for what was changed and nothing else. */
const SEED = process.env['PROPERTY_RUNS'] ? {} : { seed: 20_261_122 };

const IDLE_MS = 200_000;
const TOUCH_INTERVAL_MS = 20_000;
const RENEW_GRACE_MS = 8_000;
/** By which the clocks move with each step: more than what was confirmed of a token counts for. */
const STEP_MS = 100;

const key = fc.constantFrom(...KEYS);
const value = fc.oneof(
  fc.integer({ min: 0, max: 9 }),
  fc.constantFrom('x', null, true),
  fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 2 }),
);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('set' as const), key, value }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('increment' as const),
      key: fc.constantFrom('n', 'a'),
      by: fc.constantFrom(1, -1, 2, 0),
    }),
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
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('clear', 'save', 'save', 'destroy', 'reload', 'touch'),
    }) as fc.Arbitrary<Operation>,
  },
  {
    weight: 3,
    arbitrary: fc.record(
      { do: fc.constant('regenerate' as const), keep: fc.subarray(KEYS) },
      { requiredKeys: ['do'] },
    ),
  },
);
const request = fc.record({
  /** The token that it brings: what the browser holds when it begins, or the one that all began with. */
  brings: fc.constantFrom('held' as const, 'held' as const, 'first' as const),
  operations: fc.array(operation, { maxLength: 6 }),
});
/** Whose turn it is, or how long nothing happens. */
const turn = fc.oneof(
  { weight: 6, arbitrary: fc.nat(4) },
  {
    weight: 1,
    arbitrary: fc.record({
      waitMs: fc.constantFrom(1_000, 5_000, 8_000, 20_000, 60_000, 150_000),
    }),
  },
);
/** Requests, each with what it does, and whose turn it is at each step; then the rest of each in turn. */
const program = fc.record({
  requests: fc.array(request, { minLength: 2, maxLength: 5 }),
  turns: fc.array(turn, { maxLength: 40 }),
  /** After how many turns the session that all began with is revoked, if it is. */
  revokedAt: fc.option(fc.nat(20), { freq: 3 }),
  renewIntervalMs: fc.constantFrom(0, 5_000, Infinity, Infinity),
});
type Program = typeof program extends fc.Arbitrary<infer T> ? T : never;
type Request = Program['requests'][number];

/** The one browser that all requests come from: the token that it holds, real and modelled. */
interface Jar {
  held: ModelSecret | undefined;
}

/** Where a program runs. */
interface Scene {
  readonly runtime: SessionRuntime & { store: ServerStore };
  readonly world: ModelWorld;
  readonly jar: Jar;
  readonly first: ModelSecret;
}

/** One request, real and modelled side by side. */
class Runner {
  #life: ActiveSession | undefined;
  #session: Session | undefined;
  #model: ModelRequest | undefined;
  #step = 0;

  constructor(
    private readonly scene: Scene,
    private readonly request: Request,
  ) {}

  get isDone(): boolean {
    return this.#step > this.request.operations.length + 2;
  }

  get isBegun(): boolean {
    return this.#step > 0;
  }

  get session(): ModelSession | undefined {
    return this.#model?.session;
  }

  async step(): Promise<void> {
    const { operations } = this.request;
    const at = this.#step++;
    if (at === 0) await this.#load();
    else if (at <= operations.length) await this.#perform(operations[at - 1]!);
    else if (at === operations.length + 1) await this.#commit();
    else await this.#close();
    expect({ ...this.#session }).toEqual(this.#model!.view);
    this.#compareNames();
  }

  async check(): Promise<void> {
    const session = this.session;
    if (!session?.id) return;
    const stored = await this.scene.runtime.store.peek(session.id);
    const data = stored && Object.fromEntries(stored.data);
    expect(data).toEqual(session.isAlive ? session.data : null);
  }

  async #load(): Promise<void> {
    const { runtime, world, jar, first } = this.scene;
    const asked = this.request.brings === 'held' ? jar.held : first;
    this.#life = await ActiveSession.open(runtime, asked ? [asked.token!] : []);
    this.#session = createSessionObject(this.#life);
    this.#model = new ModelRequest(world, asked);
  }

  async #perform(next: Operation): Promise<void> {
    const model = this.#model!;
    if (!isPossible(next, model)) return;
    const expected = model.apply(next);
    const error = await perform(next, this.#session! as unknown as LooseSession);
    expect({ next, error }).toEqual({ next, error: expected });
  }

  async #commit(): Promise<void> {
    this.#model!.commit();
    await this.#life!.commit();
  }

  /** The client hears what it must, and nothing that is not true. */
  async #close(): Promise<void> {
    const life = this.#life!;
    const { kind, secret } = this.#model!.close();
    await life.beforeHead();
    const telling = life.notice.take();
    life.stopTelling('answered');
    const told = telling?.kind ?? 'nothing';
    if (kind === 'maybe life') expect(['life', 'token', 'nothing']).toContain(told);
    else if (kind === 'maybe clear') expect(['clear', 'nothing']).toContain(told);
    else expect(told).toBe(kind);
    if (telling?.kind === 'clear') this.scene.jar.held = undefined;
    if (telling?.kind !== 'token' && telling?.kind !== 'life') return;
    secret!.token ??= telling.token;
    expect(telling.token).toBe(secret!.token);
    this.scene.jar.held = secret;
  }

  /** A session's id is its own for life; its generation changes when it is regenerated, and only then. */
  #compareNames(): void {
    const { session, generation } = this.#model!;
    if (!session || generation === undefined) return;
    session.id ??= this.#life!.id;
    session.generations[generation] ??= this.#life!.generation;
    const { id, generations } = session;
    const shown = { id: this.#life!.id, generation: this.#life!.generation };
    expect(shown).toEqual({ id, generation: generations[generation] });
    expect(new Set(generations).size).toBe(generations.length);
  }
}

type LooseSession = Record<string, unknown> & {
  increment(key: string, by?: number): number;
  clear(): void;
  touch(): unknown;
  save(): Promise<void>;
  reload(): Promise<void>;
  destroy(): Promise<void>;
  regenerate(options: { keep?: string[] }): Promise<void>;
};

function isPossible(next: Operation, model: ModelRequest): boolean {
  if (next.do === 'push') return Array.isArray(model.view[next.key]);
  if (next.do !== 'increment') return true;
  const value = model.view[next.key];
  return value === undefined || numberOf(value) !== undefined;
}

/** The name of the error that it ends in, if it does. */
async function perform(next: Operation, session: LooseSession): Promise<string | undefined> {
  try {
    switch (next.do) {
      case 'set':
        session[next.key] = structuredClone(next.value);
        break;
      case 'push':
        (session[next.key] as number[]).push(next.value);
        break;
      case 'delete':
        delete session[next.key];
        break;
      case 'increment':
        session.increment(next.key, next.by);
        break;
      case 'regenerate':
        await session.regenerate({ ...(next.keep && { keep: next.keep }) });
        break;
      default:
        await session[next.do]();
    }
    return undefined;
  } catch (error) {
    return (error as Error).name;
  }
}

// Before any test moves the clock by which it is waited for.
beforeAll(async () => void (await sharedCluster()), START_MS);

describe.each(BACKENDS)('random programs of parallel requests, on %s', (name) => {
  /** Redis and PostgreSQL go by their own clocks, so nothing expires there while a program runs. */
  const isOnOwnClock = name.includes('redis') || name === 'postgres';
  const monotonic = performance.now.bind(performance);
  let backend: TestBackend;
  let movedMs = 0;
  let nowMs = Date.UTC(2030, 0, 1);

  beforeAll(async () => {
    backend = await startBackend(name);
  });
  afterAll(() => backend.stop());
  afterEach(() => {
    vi.restoreAllMocks();
  });

  function moveClocks(): void {
    vi.spyOn(performance, 'now').mockImplementation(() => monotonic() + movedMs);
    if (!isOnOwnClock) vi.spyOn(Date, 'now').mockImplementation(() => nowMs);
  }

  function wait(ms: number): void {
    movedMs += ms;
    nowMs += ms;
  }

  async function start(renewIntervalMs = Infinity): Promise<Scene> {
    // Always or never: Redis' clock may be ahead of what this process takes it for, by a moment.
    const onOwnClock = renewIntervalMs > 0 ? Infinity : -Infinity;
    const renew = isOnOwnClock ? onOwnClock : renewIntervalMs;
    const times = {
      touchIntervalMs: isOnOwnClock ? Infinity : TOUCH_INTERVAL_MS,
      renewIntervalMs: renew,
      renewGraceMs: isOnOwnClock ? 60_000 : RENEW_GRACE_MS,
    };
    const idleMs = isOnOwnClock ? 6_000_000 : IDLE_MS;
    const runtime = lifeRuntime({
      backend: backend.backend,
      lifetime: { idleMs, absoluteMs: Infinity },
      ...times,
    });
    const now = () => (isOnOwnClock ? 0 : nowMs);
    const world: ModelWorld = { now, idleMs, emptyMs: 60_000, replacedMs: 60_000, ...times };
    const life = new ActiveSession(runtime);
    Object.assign(createSessionObject(life), structuredClone(STARTED));
    await life.commit();
    const session = new ModelSession(world, structuredClone(STARTED));
    session.id = life.id;
    session.secret.token = (life.notice.take() as { token: string }).token;
    return { runtime, world, first: session.secret, jar: { held: session.secret } };
  }

  async function run({ requests, turns, revokedAt, renewIntervalMs }: Program): Promise<void> {
    const scene = await start(renewIntervalMs);
    const started = scene.first.session;
    const runners = requests.map((each) => new Runner(scene, each));
    const order: (number | { waitMs: number })[] = turns.map((each) =>
      typeof each === 'number' ? each % runners.length : each,
    );
    for (const index of runners.keys()) order.push(...Array<number>(9).fill(index));
    for (const [at, next] of order.entries()) {
      if (at === revokedAt) {
        started.end();
        await scene.runtime.store.end(started.id!, 'revoked');
      }
      wait(STEP_MS);
      if (typeof next !== 'number') {
        if (!isOnOwnClock) wait(next.waitMs);
        continue;
      }
      const runner = runners[next]!;
      if (!runner.isDone) await runner.step();
      for (const each of runners) await each.check();
    }
    // What was answered with success can be found again: somebody was told of the token.
    for (const { session } of runners) {
      if (!session?.isAlive || session.isEmpty) continue;
      expect({ session, isTold: session.secret.token !== undefined }).toMatchObject({
        isTold: true,
      });
    }
  }

  it('end as the model says, and each client hears what is true', async () => {
    moveClocks();
    await fc.assert(fc.asyncProperty(program, run), { numRuns: RUNS, ...SEED });
  }, 600_000);

  it('commits at once keep what each request wrote to fields of its own', async () => {
    const writes = fc.array(fc.tuple(fc.boolean(), fc.integer()), { minLength: 2, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(writes, async (list) => {
        const { runtime, first } = await start();
        const load = () => ActiveSession.open(runtime, [first.token!]);
        const loaded = await Promise.all(list.map(load));
        const expected: Record<string, unknown> = structuredClone(STARTED);
        for (const [index, [isIncrement, value]] of list.entries()) {
          const session = createSessionObject(loaded[index]!) as unknown as LooseSession;
          session[`field${index}`] = value;
          expected[`field${index}`] = value;
          if (!isIncrement) continue;
          session.increment('n');
          expected['n'] = (expected['n'] as number) + 1;
        }
        await Promise.all(loaded.map(async (session) => session.commit()));
        const stored = await runtime.store.peek(first.session.id!);
        expect(Object.fromEntries(stored!.data)).toEqual(expected);
      }),
      { numRuns: Math.ceil(RUNS / 4), ...SEED },
    );
  }, 600_000);
});
