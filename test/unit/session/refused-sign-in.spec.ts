import { beforeEach, describe, expect, it } from 'vitest';
import {
  MemoryBackend,
  type RegenerateOptions,
  type Session,
  SignInRevokedError,
} from 'nestjs-server-session';
import { revokeAll } from '../../../src/principals/revoke-all.js';
import { ActiveSession } from '../../../src/session/active-session.js';
import { createSessionObject } from '../../../src/session/session-object.js';
import { GatedBackend } from '../../support/gated-backend.js';
import { lifeRuntime } from '../../support/life.js';

type Loose = Record<string, unknown> & Session & { save(): Promise<void> };

const LIMIT = { maxSessions: 1, onLimit: 'refuse' } as const;
const LIFETIME = { idleMs: 600_000, absoluteMs: 3_600_000 };
const keeping = (...keep: string[]) => ({ keep }) as unknown as RegenerateOptions;
const down = () => Promise.reject(new Error('down'));

/** One browser, whose requests come one after another. */
class Client {
  readonly backend = new GatedBackend(new MemoryBackend());
  readonly runtime = lifeRuntime({ backend: this.backend, limit: LIMIT, lifetime: LIFETIME });
  token: string | undefined;
  life!: ActiveSession;

  async request(): Promise<Loose> {
    this.life = this.token
      ? await ActiveSession.open(this.runtime, [this.token])
      : new ActiveSession(this.runtime);
    return createSessionObject(this.life) as unknown as Loose;
  }

  async answer(): Promise<void> {
    await this.life.beforeHead();
    const telling = this.life.notice.take();
    if (telling?.kind === 'token') this.token = telling.token;
    if (telling?.kind === 'clear') this.token = undefined;
  }

  async does(act: (session: Loose) => unknown): Promise<void> {
    await act(await this.request());
    await this.answer();
  }

  /** Signs ada in elsewhere, so that there is no room for another session of hers. */
  async fill(): Promise<void> {
    const life = new ActiveSession(this.runtime);
    const session = createSessionObject(life) as unknown as Loose;
    await session.signIn('ada');
    await life.beforeHead();
  }
}

/** What a client had before, and that it has again. */
const BEFORE: Record<string, (session: Loose) => unknown> = {
  nothing: () => {},
  'a session with data': (session) => Object.assign(session, { cart: ['tea'], count: 1 }),
  'a session that is bob’s': async (session) => {
    Object.assign(session, { cart: ['tea'], count: 1 });
    await session.signIn('bob');
  },
};

/** What a handler does before it signs in, and after. */
const AROUND: Record<string, [before: (session: Loose) => unknown, after: (s: Loose) => unknown]> =
  {
    'nothing else': [() => {}, () => {}],
    'a change before': [(session) => (session['seen'] = 1), () => {}],
    'a sum before': [(session) => session.increment('count' as never), () => {}],
    'a value taken before': [(session) => delete session['cart'], () => {}],
    'changes after': [
      () => {},
      (session) => {
        session['after'] = 1;
        delete session['cart'];
      },
    ],
    'a change within a value after': [
      (session) => (session['cart'] as string[] | undefined)?.length,
      (session) => (session['cart'] as string[] | undefined)?.push('gift'),
    ],
    'a change within a value after, and again once it was refused': [
      () => {},
      (session) => (session['cart'] as string[] | undefined)?.push('gift'),
    ],
    'regenerate() before': [(session) => session.regenerate(), () => {}],
    'regenerate() after': [() => {}, (session) => session.regenerate(keeping())],
    'a second sign-in': [() => {}, (session) => session.signIn('ada', keeping())],
    'a sign-in as somebody else before': [(session) => session.signIn('eve'), () => {}],
  };

describe.each(Object.keys(BEFORE))('a refused sign-in of a client with %s', (name) => {
  let client: Client;
  let expected: Client;
  beforeEach(async () => {
    [client, expected] = [new Client(), new Client()];
    for (const each of [client, expected]) {
      await each.does(BEFORE[name]!);
      await each.fill();
    }
  });

  const seen = async (each: Client) => {
    const { principal, ...data } = (await each.request()) as Record<string, unknown>;
    return { principal: (await each.request()).principal ?? principal, data };
  };

  it.each(Object.keys(AROUND))('and %s leaves what was there before it', async (around) => {
    const [before, after] = AROUND[around]!;
    const session = await client.request();
    const { token } = client;
    await before(session);
    if (around.startsWith('a sign-in')) await session.save();
    await session.signIn('ada', keeping());
    await after(session);
    await expect(session.save()).rejects.toThrow('has 1 session');
    await client.answer();
    await expected.does(async (twin) => {
      await before(twin);
    });
    expect(await seen(client)).toEqual(await seen(expected));
    if (around === 'nothing else') expect(client.token).toBe(token);
    expect(await client.runtime.store.load(client.token ?? 'x'.repeat(65))).toEqual(
      client.token ? expect.objectContaining({ kind: 'session' }) : null,
    );
  });

  it('counts a sum once that was sent before it without an answer', async () => {
    const session = await client.request();
    session.increment('count' as never);
    client.backend.afterWrite = down;
    await session.save().catch(() => {});
    client.backend.afterWrite = async () => {};
    const { token } = client;
    client.backend.beforeWrite = async (method) => {
      if (method !== 'enter' || !token) return;
      // By which the name of the sum is taken out.
      const life = await ActiveSession.open(client.runtime, [token]);
      (createSessionObject(life) as unknown as Loose)['elsewhere'] = 1;
      await life.beforeHead();
    };
    await session.signIn('ada');
    await expect(session.save()).rejects.toThrow('has 1 session');
    await client.answer();
    await expected.does((twin) => {
      twin.increment('count' as never);
      if (token) twin['elsewhere'] = 1;
    });
    expect(await seen(client)).toEqual(await seen(expected));
  });

  it('can be tried again in the same request, once there is room', async () => {
    const session = await client.request();
    await session.signIn('ada');
    await expect(session.save()).rejects.toThrow('has 1 session');
    const [entry] = await client.backend.principals.entries('ada', 2);
    await client.backend.ends.end(entry!.id, 'revoked');
    await session.signIn('ada', keeping('cart'));
    session['after'] = 1;
    await client.answer();
    const after = await client.request();
    expect(after.principal).toBe('ada');
    expect({ ...after }).toEqual({ ...(name === 'nothing' ? {} : { cart: ['tea'] }), after: 1 });
  });
});

describe.each([
  ['by signIn()', undefined, (session: Loose): unknown => session.signIn('ada')],
  [
    'by the data',
    { field: 'user', principal: (value: unknown) => value as string },
    (session: Loose): unknown => (session['user'] = 'ada'),
  ],
] as const)('a sign-in %s', (_name, principalOf, signIn) => {
  it.each(['a new session', 'a session that was there'])(
    'in %s, overtaken by a revocation once it is in the index, says so',
    async (which) => {
      const backend = new GatedBackend(new MemoryBackend());
      const runtime = lifeRuntime({ backend, lifetime: LIFETIME, principalOf });
      let life = new ActiveSession(runtime);
      if (which !== 'a new session') {
        (createSessionObject(life) as unknown as Loose)['seen'] = 1;
        await life.beforeHead();
        life = await ActiveSession.open(runtime, [life.identity.token]);
      }
      const session = createSessionObject(life) as unknown as Loose;
      backend.beforeWrite = async (method) => {
        if (method !== 'update') return;
        backend.beforeWrite = async () => {};
        await revokeAll(
          { backend, ends: backend.ends, lifetime: LIFETIME, isDerived: false },
          backend.principals,
          'ada',
        );
      };
      await signIn(session);
      const saving = session.save();
      await expect(saving).rejects.toThrow(SignInRevokedError);
      expect(await backend.principals.entries('ada', 10)).toEqual([]);
    },
  );
});

describe('a sign-in whose session was replaced by another request', () => {
  it('takes the place of one session for the limit, and not of two', async () => {
    const client = new Client();
    await client.does(BEFORE['a session with data']!);
    const { token } = client;
    const session = await client.request();
    await client.does((other) => other.regenerate());
    client.life = await ActiveSession.open(client.runtime, [token!]);
    await session.signIn('ada');
    await session.save();
    expect(await client.backend.principals.entries('ada', 9)).toHaveLength(1);
    expect(session.principal).toBe('ada');
  });
});

describe('a sign-in as somebody else', () => {
  it('ends the session of before once its own is stored, and not before', async () => {
    const client = new Client();
    await client.does(BEFORE['a session that is bob’s']!);
    const bobs = client.token!;
    const session = await client.request();
    await session.signIn('ada');
    client.backend.beforeWrite = (method) => (method === 'update' ? down() : Promise.resolve());
    await expect(session.save()).rejects.toThrow('down');
    expect(await client.runtime.store.load(bobs)).toMatchObject({ kind: 'session' });
    client.backend.beforeWrite = (method) => (method === 'end' ? down() : Promise.resolve());
    await expect(client.answer()).rejects.toThrow('down');
    client.backend.beforeWrite = async () => {};
    await client.answer();
    expect(await client.runtime.store.load(bobs)).toBeNull();
    expect((await client.request()).principal).toBe('ada');
  });

  it('of which it is not known whether it is stored, and destroy(), end both', async () => {
    const client = new Client();
    await client.does(BEFORE['a session that is bob’s']!);
    const bobs = client.token!;
    const session = await client.request();
    await session.signIn('ada');
    client.backend.beforeWrite = (method) => (method === 'update' ? down() : Promise.resolve());
    await expect(session.save()).rejects.toThrow('down');
    client.backend.beforeWrite = async () => {};
    const adas = client.life.identity.token;
    await session.destroy();
    await client.answer();
    expect(await client.runtime.store.load(adas)).toBeNull();
    expect(client.token).toBeUndefined();
    expect(await client.runtime.store.load(bobs)).toBeNull();
  });
});

it('a sign-in whose new sessions are each gone at once ends with an error', async () => {
  const backend = new GatedBackend(new MemoryBackend());
  // As where the clock that ends sessions is far ahead of the one that dates them.
  backend.update = async () => ({ status: 'gone' });
  const life = new ActiveSession(lifeRuntime({ backend, lifetime: LIFETIME }));
  const session = createSessionObject(life) as unknown as Loose;
  await session.signIn('ada');
  await expect(session.save()).rejects.toThrow(/no longer exists/);
  expect(await backend.principals.entries('ada', 10)).toEqual([]);
});
