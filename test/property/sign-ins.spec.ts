import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, it } from 'vitest';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import {
  AtomicAdapter,
  type AtomicSessionBackend,
  JsonCodec,
  MemoryBackend,
  RedisBackend,
} from 'nestjs-server-session';
import { endsOf } from '../../src/backends/local-ends.js';
import { LocalPrincipalIndex } from '../../src/backends/local-principal-index.js';
import type { PrincipalIndex } from '../../src/backends/principal-index.js';
import { Principals } from '../../src/principals/principals.js';
import { type SessionLimit, SignIns } from '../../src/principals/sign-ins.js';
import { ActiveSession } from '../../src/session/active-session.js';
import { createSessionObject } from '../../src/session/session-object.js';
import type { SessionRuntime } from '../../src/session/session-runtime.js';
import { ServerStore } from '../../src/session/server-store.js';
import { storedSession } from '../../src/session/stored-session.js';
import { ThreeMethodBackend } from '../support/backends.js';
import { isWhole } from '../support/extent.js';
import { RedisServer } from '../support/redis-server.js';

const LIFETIME = { idleMs: 600_000, absoluteMs: 3_600_000 };
const PRINCIPALS = ['ada', 'bob'];
const BROWSERS = 4;

type Step =
  | { readonly kind: 'sign-in' | 'sign-in again'; readonly browser: number; readonly who: string }
  | { readonly kind: 'sign-out' | 'write' | 'empty'; readonly browser: number }
  | {
      readonly kind: 'revoke all' | 'revoke others';
      readonly browser: number;
      readonly who: string;
    };

const browser = fc.nat(BROWSERS - 1);
const who = fc.constantFrom(...PRINCIPALS);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('sign-in' as const), browser, who }) },
  fc.record({ kind: fc.constant('sign-in again' as const), browser, who }),
  fc.record({
    kind: fc.constantFrom('sign-out' as const, 'write' as const, 'empty' as const),
    browser,
  }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('revoke all' as const), browser, who }) },
  fc.record({ kind: fc.constant('revoke others' as const), browser, who }),
);

/** Everything that touches what is shared waits for its turn, which the scheduler draws. */
function gated<T extends object>(inner: T, pass: (name: string) => Promise<void>): T {
  return new Proxy(inner, {
    get(target, name: keyof T & string) {
      const value = target[name];
      if (typeof value !== 'function' || ['now', 'syncClock'].includes(name)) return value;
      return async (...args: unknown[]) => {
        await pass(name);
        return (value as (...args: unknown[]) => unknown).apply(target, args);
      };
    },
  });
}

/** When all sessions of a principal were asked to end, and which one was to stay. */
interface Revocation {
  readonly who: string;
  readonly askedAt: number;
  readonly exceptId: string | undefined;
}

class World {
  readonly tokens: (string | undefined)[] = Array.from({ length: BROWSERS });
  /** Which request signed a session in: when it arrived. */
  readonly signIns = new Map<string, number>();
  readonly revocations: Revocation[] = [];
  readonly #processes: { runtime: SessionRuntime; principals: Principals }[];

  constructor(
    readonly shared: AtomicSessionBackend,
    readonly index: PrincipalIndex,
    private readonly ids: Set<string>,
    private readonly limit: SessionLimit | undefined,
    private readonly scheduler: fc.Scheduler,
  ) {
    this.#processes = [0, 1].map(() => this.#process());
  }

  #process() {
    const pass = async (name: string) => {
      await this.scheduler.schedule(Promise.resolve(), name);
      await this.check();
    };
    const backend = gated(this.shared, pass);
    const index = gated(this.index, pass);
    const codec = new JsonCodec();
    const ends = gated(endsOf(this.shared), pass);
    const sessions = { backend, ends, lifetime: LIFETIME, isDerived: false };
    const store = new ServerStore({
      backend,
      ends,
      codec,
      lifetime: LIFETIME,
      signIns: new SignIns(sessions, index, this.limit),
      renewGraceMs: 30_000,
      onUndecodable: (id) => {
        throw new Error(`undecodable: ${id}`);
      },
    });
    const read = async (id: string) => {
      const found = await store.peek(id);
      return found && storedSession(id, found, LIFETIME);
    };
    const runtime = {
      store,
      codec,
      lifetime: LIFETIME,
      touchIntervalMs: 60_000,
      renewIntervalMs: Infinity,
    };
    return { runtime, principals: new Principals(sessions, index, read) };
  }

  /** The live sessions of a principal, by the records themselves. */
  async live(who: string): Promise<string[]> {
    const found: string[] = [];
    for (const id of this.ids) {
      if ((await this.shared.get(id))?.['$principal'] === who) found.push(id);
    }
    return found;
  }

  /**
   * What holds at any time: the index names too many, and never too few; no more sessions than the limit. Commands may come in
   * between: what is there before and after was there all the time.
   */
  async check(): Promise<void> {
    for (const who of PRINCIPALS) {
      const before = await this.live(who);
      const named = new Set((await this.index.entries(who, 1000)).map(({ id }) => id));
      const after = new Set(await this.live(who));
      const live = before.filter((id) => after.has(id));
      for (const id of live) if (!named.has(id)) throw new Error(`the index of ${who} lacks ${id}`);
      if (this.limit && live.length > this.limit.maxSessions) {
        throw new Error(`${who} has ${live.length} sessions`);
      }
    }
  }

  async run(step: Step, process: number): Promise<void> {
    const arrivedAt = performance.now();
    const { runtime, principals } = this.#processes[process]!;
    const token = this.tokens[step.browser];
    const active = await ActiveSession.open(runtime, token === undefined ? [] : [token], arrivedAt);
    const session = createSessionObject(active) as unknown as Record<string, unknown> &
      ReturnType<typeof createSessionObject>;
    try {
      if (step.kind === 'revoke all') return await this.#revokeAll(principals, step.who, undefined);
      if (step.kind === 'revoke others')
        return await this.#revokeAll(principals, step.who, session.id);
      if (step.kind === 'sign-in' || step.kind === 'sign-in again') {
        if (step.kind === 'sign-in again') await session.save();
        await session.signIn(step.who);
      }
      if (step.kind === 'sign-out') await session.signOut();
      if (step.kind === 'write') session['visits'] = Math.random();
      if (step.kind === 'empty') session.clear();
      await active.beforeHead();
    } catch (error) {
      const { name } = error as Error;
      if (!['SignInRevokedError', 'SessionLimitError', 'SessionGoneError'].includes(name))
        throw error;
      return;
    }
    if (step.kind.startsWith('sign-in'))
      this.signIns.set(`${session.id} ${session.generation}`, arrivedAt);
    const told = active.notice.take();
    if (told?.kind === 'token') this.tokens[step.browser] = told.token;
    if (told?.kind === 'clear') this.tokens[step.browser] = undefined;
  }

  async #revokeAll(
    principals: Principals,
    who: string,
    exceptId: string | undefined,
  ): Promise<void> {
    const askedAt = performance.now();
    await principals
      .revokeAll(who, exceptId === undefined ? {} : { except: exceptId })
      .then(() => this.revocations.push({ who, askedAt, exceptId }))
      .catch((error: unknown) => {
        if (!(error instanceof TypeError)) throw error;
      });
  }

  /** What holds in the end: who is signed in has asked for it after everybody was signed out. */
  async checkEnd(): Promise<void> {
    await this.check();
    for (const { who, askedAt, exceptId } of this.revocations) {
      for (const id of await this.live(who)) {
        const generation = (await this.shared.get(id))!['$gen'];
        const arrivedAt = this.signIns.get(`${id} ${generation}`);
        if (id !== exceptId && !(arrivedAt! > askedAt)) {
          throw new Error(`${id} of ${who} outlived a revocation`);
        }
      }
    }
  }
}

let redis: RedisServer;
let client: Redis;
beforeAll(async () => {
  redis = await RedisServer.start();
  client = redis.client();
});
afterAll(async () => {
  client.disconnect();
  await redis.stop();
});

/** Sessions and an index that nobody has used, and how many programs there is time for. */
const BACKENDS: Record<string, { numRuns: number; make(): Shared }> = {
  memory: {
    numRuns: isWhole ? 300 : 100,
    make: () => ({ backend: new MemoryBackend(), index: new LocalPrincipalIndex() }),
  },
  'three methods': {
    numRuns: isWhole ? 300 : 100,
    make: () => ({
      backend: new AtomicAdapter(new ThreeMethodBackend()),
      index: new LocalPrincipalIndex(),
    }),
  },
  Redis: {
    numRuns: 40,
    make: () => {
      const backend = new RedisBackend({ client, prefix: `${randomUUID()}:` });
      return { backend, index: backend.principals };
    },
  },
};

interface Shared {
  readonly backend: AtomicSessionBackend;
  readonly index: PrincipalIndex;
}

const LIMITS: (SessionLimit | undefined)[] = [
  undefined,
  { maxSessions: 1, onLimit: 'end-oldest' },
  { maxSessions: 2, onLimit: 'end-oldest' },
  { maxSessions: 2, onLimit: 'refuse' },
];

describe.each(Object.entries(BACKENDS))(
  'random programs of sign-ins on two processes, with %s',
  (_, { numRuns, make }) => {
    it.each(LIMITS)(
      'keep promise 8 and the limit %j, in whichever order commands come',
      async (limit) => {
        await fc.assert(
          fc.asyncProperty(
            fc.scheduler(),
            fc.array(fc.array(fc.tuple(step, fc.nat(1)), { minLength: 1, maxLength: 5 }), {
              minLength: 1,
              maxLength: 3,
            }),
            async (scheduler, phases) => {
              const ids = new Set<string>();
              const { backend: inner, index } = make();
              const shared = new Proxy(inner, {
                get(target, key: keyof AtomicSessionBackend) {
                  const value: unknown = Reflect.get(target, key);
                  if (typeof value !== 'function') return value;
                  return (...args: unknown[]) => {
                    if (key === 'create' || key === 'set') ids.add(args[0] as string);
                    return (value as (...args: unknown[]) => unknown).apply(target, args);
                  };
                },
              });
              const world = new World(shared, index, ids, limit, scheduler);
              for (const steps of phases) {
                const running = steps.map(([step, process]) => world.run(step, process));
                await scheduler.waitFor(Promise.all(running));
              }
              await world.checkEnd();
            },
          ),
          { numRuns },
        );
      },
      60_000,
    );
  },
);
