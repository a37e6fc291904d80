import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  MemoryBackend,
  type Session,
  type SessionRecord,
  SignInRevokedError,
} from 'nestjs-server-session';
import type { PrincipalIndex } from '../../../src/backends/principal-index.js';
import { Principals } from '../../../src/principals/principals.js';
import { ActiveSession } from '../../../src/session/active-session.js';
import { createSessionObject } from '../../../src/session/session-object.js';
import { storedSession } from '../../../src/session/stored-session.js';
import { fakeClock } from '../../support/clock.js';
import { GatedBackend } from '../../support/gated-backend.js';
import { type LifeOptions, lifeRuntime } from '../../support/life.js';

type Loose = Record<string, unknown> & Session;

const HOUR_MS = 3_600_000;
const LIFETIME = { idleMs: 24 * HOUR_MS, absoluteMs: 24 * HOUR_MS };
const principalOf = { field: 'user', principal: (value: unknown) => value as string };

/** Sessions of clients in one process, with what an application asks of principals. */
class World {
  readonly backend = new GatedBackend(new MemoryBackend());
  readonly runtime;
  readonly principals;

  constructor(options: Partial<LifeOptions> = {}) {
    const { backend } = this;
    this.runtime = lifeRuntime({ backend, lifetime: LIFETIME, ...options });
    const { store, lifetime, principalOf } = this.runtime;
    this.principals = new Principals(
      { backend, ends: backend.ends, lifetime, isDerived: principalOf !== undefined },
      backend.principals,
      async (id) => {
        const found = await store.peek(id);
        return found && storedSession(id, found, lifetime);
      },
    );
  }

  async open(token?: string, runtime = this.runtime) {
    const life = token ? await ActiveSession.open(runtime, [token]) : new ActiveSession(runtime);
    return { life, session: createSessionObject(life) as unknown as Loose };
  }

  /** One request. @returns the token that its client has then */
  async does(
    token: string | undefined,
    act: (session: Loose) => unknown,
    runtime = this.runtime,
  ): Promise<string> {
    const { life, session } = await this.open(token, runtime);
    await act(session);
    await life.beforeHead();
    const telling = life.notice.take();
    return telling?.kind === 'token' ? telling.token : token!;
  }

  signIn(who: string, token?: string): Promise<string> {
    return this.does(token, (session) => session.signIn(who));
  }

  async list(who: string): Promise<string[]> {
    return (await this.principals.list(who)).map(({ id }) => id);
  }

  /** Does something between two commands: before the next that writes a session. */
  beforeUpdate(act: () => Promise<unknown>): void {
    this.backend.beforeWrite = async (method) => {
      if (method !== 'update') return;
      this.backend.beforeWrite = async () => {};
      await act();
    };
  }

  /** A session of before the option: its data say whose it is, and its record does not. */
  old(user: string): Promise<string> {
    const { backend } = this;
    const plain = lifeRuntime({ backend, lifetime: LIFETIME });
    return this.does(undefined, (session) => Object.assign(session, { user, visits: 1 }), plain);
  }
}

const idOf = (token: string) => token.slice(0, 22);

describe('whose a session is by its data', () => {
  let world: World;
  beforeEach(() => {
    world = new World({ principalOf });
  });
  const logIn = (user: string) => (session: Loose) => (session['user'] = user);

  it('does not change once revokeAll has come in between, also where it was somebody’s', async () => {
    const token = await world.does(undefined, logIn('bob'));
    world.beforeUpdate(() => world.principals.revokeAll('ada'));
    await expect(world.does(token, logIn('ada'))).rejects.toThrow(SignInRevokedError);
    expect(await world.list('ada')).toEqual([]);
    expect(await world.list('bob')).toEqual([idOf(token)]);
    expect((await world.open(token)).session.principal).toBe('bob');
  });

  it('is nobody’s, with a new token, after a log-out beside the request that stored whose it was', async () => {
    const token = await world.old('ada');
    const { life, session } = await world.open(token);
    await world.does(token, () => {});
    expect(await world.list('ada')).toEqual([idOf(token)]);
    delete session['user'];
    await life.beforeHead();
    expect(life.notice.take()?.kind).toBe('token');
    expect(await world.list('ada')).toEqual([]);
    expect(await world.backend.get(idOf(token))).not.toHaveProperty('$principal');
  });
});

it('a sign-in beside another’s in one session is undone by revokeAll, which leaves the other’s as it is', async () => {
  const world = new World();
  const token = await world.does(undefined, (session) => session.set('visits', 1));
  const { life, session } = await world.open(token);
  await session.signIn('bob');
  let adas = '';
  let generation: string | undefined;
  world.beforeUpdate(async () => {
    adas = await world.signIn('ada', token);
    ({ generation } = (await world.open(adas)).session);
    await world.principals.revokeAll('bob');
  });
  await expect(life.beforeHead()).rejects.toThrow(SignInRevokedError);
  expect((await world.open(adas)).session).toMatchObject({ principal: 'ada', generation });
});

describe('the index of a principal', () => {
  afterEach(() => void vi.useRealTimers());

  it.each<SessionRecord>([{ $version: '2' }, { broken: '{' }])(
    'goes on naming a session that this process can’t read: %j',
    async (change) => {
      const world = new World({ onUndecodable: () => {} });
      const id = idOf(await world.signIn('ada'));
      await world.backend.set(id, { ...(await world.backend.get(id))!, ...change }, 3600);
      expect(await world.list('ada')).toEqual([]);
      expect(await world.principals.revokeAll('ada')).toBe(1);
      expect(await world.backend.get(id)).toBeNull();
    },
  );

  it('goes on naming a session that has ended by this process’ idle timeout alone', async () => {
    const clock = fakeClock();
    const limit = { maxSessions: 1, onLimit: 'refuse' } as const;
    const world = new World({ limit });
    const lifetime = { ...LIFETIME, idleMs: HOUR_MS };
    const shorter = lifeRuntime({ backend: world.backend, lifetime, limit });
    const id = idOf(await world.signIn('ada'));
    clock.advance(2 * HOUR_MS);
    await world.does(undefined, (session) => session.signIn('ada'), shorter);
    expect(await world.list('ada')).toContain(id);
  });

  it('has the time by which sessions end, when this machine’s clock steps forward', async () => {
    const clock = fakeClock();
    const world = new World();
    clock.advance(2 * HOUR_MS);
    const { session } = await world.open(await world.signIn('ada'));
    expect(Math.abs(session.signedInAt!.getTime() - Date.now())).toBeLessThan(5000);
  });

  it('names a session that lives on as this machine’s clock steps back', async () => {
    const clock = fakeClock();
    const world = new World({ lifetime: { idleMs: 100, absoluteMs: 100 } });
    const token = await world.signIn('ada');
    clock.advance(-HOUR_MS);
    const end = performance.now() + 200;
    while (performance.now() < end) await new Promise(setImmediate);
    await world.signIn('ada');
    expect((await world.open(token)).session.principal).toBe('ada');
    expect(await world.list('ada')).toHaveLength(2);
  });

  it('is listed in whole while sessions of it are signed in again', async () => {
    const world = new World();
    const tokens: string[] = [];
    for (let i = 0; i < 120; i++) tokens.push(await world.signIn('ada'));
    const index: { -readonly [K in keyof PrincipalIndex]: PrincipalIndex[K] } =
      world.backend.principals;
    const { entries } = index;
    index.entries = async (...args) => {
      const page = await entries(...args);
      index.entries = entries;
      for (const i of [3, 110]) tokens[i] = await world.signIn('ada', tokens[i]);
      return page;
    };
    const list = await world.list('ada');
    expect(list.toSorted()).toEqual(tokens.map(idOf).toSorted());
  });
});

it('a sign-in that came to nothing in one session does not count against the next', async () => {
  const world = new World({ limit: { maxSessions: 1, onLimit: 'refuse' } });
  const token = await world.does(undefined, (session) => session.set('visits', 1));
  const { life, session } = await world.open(token);
  await session.signIn('ada');
  world.beforeUpdate(() => world.does(token, (other) => other.regenerate()));
  await life.beforeHead();
  expect(session.principal).toBe('ada');
  expect(await world.list('ada')).toEqual([session.id]);
  expect(session.id).not.toBe(idOf(token));
});

describe('a lifetime of its own that a session is given beside its sign-in', () => {
  afterEach(() => void vi.useRealTimers());
  const life = (session: Loose) => session.lifetime({ absolute: '2h' });
  const logIn = (session: Loose) => (session['user'] = 'ada');

  const ORDERS: Record<string, [LifeOptions['principalOf'], ((session: Loose) => unknown)[]]> = {
    'lifetime(), signIn()': [undefined, [life, (session) => session.signIn('ada')]],
    'signIn(), lifetime()': [undefined, [(session) => session.signIn('ada'), life]],
    'signIn(), save(), lifetime()': [
      undefined,
      [(session) => session.signIn('ada'), (session) => session.save(), life],
    ],
    'signIn({ lifetime }), lifetime()': [
      undefined,
      [(session) => session.signIn('ada', { lifetime: { absolute: '9h' } }), life],
    ],
    'lifetime(), a field': [principalOf, [life, logIn]],
    'a field, lifetime()': [principalOf, [logIn, life]],
    'a field, save(), lifetime()': [principalOf, [logIn, (session) => session.save(), life]],
  };

  it.each(Object.keys(ORDERS))('counts from the sign-in on: %s', async (order) => {
    const [of, acts] = ORDERS[order]!;
    const clock = fakeClock();
    for (const saves of [false, true]) {
      for (const isNew of [false, true]) {
        const world = new World({ principalOf: of });
        const before = isNew
          ? undefined
          : await world.does(undefined, (session) => session.set('visits', 1));
        clock.advance(5 * HOUR_MS);
        const token = await world.does(before, async (session) => {
          for (const act of acts) await act(session);
          if (saves) await session.save();
        });
        const { life } = await world.open(token);
        expect(Math.round((life.expiresAtMs - Date.now()) / 60_000)).toBe(120);
        expect(life.principal).toBe('ada');
        expect(world.backend.writes.filter((write) => write === 'enter')).toHaveLength(1);
      }
    }
  });
});
