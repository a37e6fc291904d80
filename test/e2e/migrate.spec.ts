import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Redis } from 'ioredis';
import { RedisBackend, Session, SessionService } from 'nestjs-server-session';
import {
  expressSession,
  fastifySession,
  type MigrateOptions,
} from 'nestjs-server-session/express-session';
import { age, idIn } from '../support/ageing.js';
import { ADAPTERS, TestApp } from '../support/app.js';
import type { Browser } from '../support/browser.js';
import { commandsOf } from '../support/commands.js';
import { Gate } from '../support/gated-backend.js';
import { OLD_SECRET, type OldApp, type OldLibrary, startOld } from '../support/old-apps.js';
import { RedisServer } from '../support/redis-server.js';

const HOUR_MS = 3_600_000;

@Controller()
class ShopController {
  @Get('me')
  me(@Session() session: Session) {
    const { id, isNew, principal, expiresAt } = session;
    return { id, isNew, principal, expiresAt, data: { ...session } };
  }
  @Post('count/:field')
  @HttpCode(200)
  count(@Session() session: Session, @Param('field') field: string) {
    (session as unknown as Record<string, unknown>)[field] = true;
    return { visits: session.increment('visits') };
  }
  /** As passport's `logout()`: the rest of the data stays. */
  @Post('log-out')
  @HttpCode(200)
  async logOut(@Session() session: Session) {
    await session.regenerate();
    delete (session as unknown as Record<string, unknown>)['user'];
  }
  @Post('sign-out')
  @HttpCode(200)
  async signOut(@Session() session: Session) {
    await session.signOut();
  }
}

interface Me {
  readonly id: string;
  readonly isNew: boolean;
  readonly principal?: string;
  readonly expiresAt: string;
  readonly data: Record<string, unknown>;
}

const LIBRARIES: OldLibrary[] = ['express-session', '@fastify/session'];
const CELLS = ADAPTERS.flatMap((adapter) => LIBRARIES.map((library) => ({ adapter, library })));

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

describe.each(CELLS)('users who come from $library to $adapter', ({ adapter, library }) => {
  let old: OldApp;
  const apps: TestApp[] = [];
  beforeAll(async () => {
    old = await startOld(library, redis.url);
  });
  afterAll(() => old.stop());
  beforeEach(() => client.flushall());
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.stop();
  });

  async function startNew(options: Partial<MigrateOptions> = {}): Promise<TestApp> {
    const isExpress = library === 'express-session';
    const secret = isExpress ? OLD_SECRET : OLD_SECRET.padEnd(32, '!');
    const from = { store: old.store, secret: ['another', secret], ...options };
    const app = await TestApp.start({
      adapter,
      controllers: [ShopController],
      session: {
        backend: new RedisBackend({ client }),
        migrate: isExpress ? expressSession(from) : fastifySession(from),
        idleTimeout: '10h',
        principals: { of: { field: 'user', principal: (user) => user as string | undefined } },
      },
    });
    apps.push(app);
    return app;
  }
  /** Somebody who is signed in with the old application, now at the new one. */
  async function moved(app: TestApp, user = 'ada'): Promise<{ before: Browser; now: Browser }> {
    const before = old.browser();
    await before.post(`/sign-in/${user}`);
    const now = app.browser();
    Object.assign(now.cookies, before.cookies);
    return { before, now };
  }
  const me = async (browser: Browser) => (await browser.get('/me')).json<Me>();
  const oldId = ({ cookies }: Browser) =>
    decodeURIComponent(cookies[old.cookie]!).replace(/^s:/, '').replace(/\..*/, '');
  /** The session with the same cookie of before and no other, as of a thief or another tab. */
  function again(app: TestApp, browser: Browser): Browser {
    const copy = app.browser();
    copy.cookies[old.cookie] = browser.cookies[old.cookie]!;
    return copy;
  }
  const put = (id: string, session: object) =>
    new Promise<void>((resolve) => old.store.set(id, session, () => resolve()));
  const isKept = async (id: string) => (await client.exists(`old:${id}`)) === 1;

  it('stay signed in, with their data and a cookie of ours', async () => {
    const { now } = await moved(await startNew());
    const first = await now.get('/me');
    expect(first.json<Me>()).toMatchObject({
      isNew: false,
      principal: 'ada',
      data: { user: 'ada', cart: ['tea'], visits: 3 },
    });
    expect(first.setCookies.join()).toContain('sid=');
    expect(first.headers.get('cache-control')).toBe('no-store');
    delete now.cookies[old.cookie];
    expect((await me(now)).id).toBe(first.json<Me>().id);
  });

  it('land in one session with all requests of a page, which keeps what each writes', async () => {
    const app = await startNew();
    const { before } = await moved(app);
    const tabs = Array.from({ length: 30 }, () => again(app, before));
    const answers = await Promise.all(tabs.map((tab, i) => tab.post(`/count/own${i}`)));
    expect(answers.map(({ status }) => status)).toEqual(tabs.map(() => 200));
    expect(new Set(tabs.map(({ cookies }) => cookies['sid']))).toHaveProperty('size', 1);
    const { data } = await me(tabs[0]!);
    expect(data).toMatchObject({ visits: 33, cart: ['tea'] });
    expect(Object.keys(data).filter((field) => field.startsWith('own'))).toHaveLength(30);
  });

  it.each([0, '1h'] as const)('stay signed out, with keepOldFor %j', async (keepOldFor) => {
    const app = await startNew({ keepOldFor });
    const { before, now } = await moved(app);
    await me(now);
    await now.post('/sign-out');
    const session = {
      user: 'ada',
      cookie: { originalMaxAge: HOUR_MS, expires: new Date(Date.now() + HOUR_MS) },
    };
    await put(oldId(before), session);
    expect(await me(again(app, before))).toMatchObject({ isNew: true, data: {} });
  });

  it('stay away after they were revoked, and after their idle time', async () => {
    const app = await startNew();
    const [revoked, idle] = [await moved(app, 'ada'), await moved(app, 'ben')];
    for (const { now } of [revoked, idle]) await me(now);
    const sessions = app.app.get(SessionService);
    expect(await sessions.list('ada')).toHaveLength(1);
    expect(await sessions.revokeAll('ada')).toBe(1);
    await age(new RedisBackend({ client }), idIn(idle.now), 11 * HOUR_MS);
    for (const { before } of [revoked, idle]) {
      const session = { user: 'ada', cookie: { originalMaxAge: HOUR_MS } };
      await put(oldId(before), session);
      expect(await me(again(app, before))).toMatchObject({ isNew: true, data: {} });
    }
  });

  it('are strangers with a cookie that is not rightly signed', async () => {
    const app = await startNew({ secret: 'a wrong one' });
    const { now } = await moved(app);
    const [unsigned, broken] = [app.browser(), app.browser()];
    unsigned.cookies[old.cookie] = `s:${oldId(now)}`;
    broken.cookies[old.cookie] = '%E0%A4%A';
    const commands = await commandsOf(client, async () => {
      for (const browser of [now, unsigned, broken, app.browser()]) {
        expect(await me(browser)).toMatchObject({ isNew: true, data: {} });
      }
    });
    expect(commands).toEqual([]);
  });

  it('end with their old session as long as that is kept, and it with them', async () => {
    const app = await startNew({ keepOldFor: '1h' });
    const [ada, ben] = [await moved(app, 'ada'), await moved(app, 'ben')];
    for (const { now } of [ada, ben]) expect((await me(now)).isNew).toBe(false);
    expect((await ada.before.get('/me')).json()).toEqual({ user: 'ada' });
    await ada.before.post('/sign-out');
    expect((await me(ada.now)).isNew).toBe(true);
    await ben.now.post('/sign-out');
    expect((await ben.before.get('/me')).json()).toEqual({});
  });

  it('are ended by a user who logs out, as passport does it, and go on as nobody’s', async () => {
    const app = await startNew({ keepOldFor: '1h' });
    const { before, now } = await moved(app, 'ada');
    await now.post('/count/kept');
    expect((await me(now)).principal).toBe('ada');
    await now.post('/log-out');
    expect((await before.get('/me')).json()).toEqual({});
    const { principal, data } = await me(now);
    expect([principal, data]).toEqual([undefined, { cart: ['tea'], visits: 4, kept: true }]);
    // A replayed cookie brings nobody back.
    const replayed = app.browser();
    Object.assign(replayed.cookies, before.cookies);
    expect((await me(replayed)).isNew).toBe(true);
  });

  it('cost a read of the old session while it is kept, and nothing after that', async () => {
    const app = await startNew({ keepOldFor: '5m' });
    const { now } = await moved(app);
    await me(now);
    const reads = () => commandsOf(client, () => me(now));
    expect(await reads()).toEqual(['mget', 'get']);
    await age(new RedisBackend({ client }), idIn(now), HOUR_MS / 6);
    await me(now);
    expect(await reads()).toEqual(['mget']);
  });

  it('leave no old session behind where it is not kept', async () => {
    const { before, now } = await moved(await startNew());
    await me(now);
    expect(await isKept(oldId(before))).toBe(false);
  });

  it('end with the browser where their old cookie did', async () => {
    const app = await startNew();
    const { before, now } = await moved(app);
    await put(oldId(before), { cookie: { originalMaxAge: null, expires: null }, user: 'ada' });
    const { setCookies } = await now.get('/me');
    expect(setCookies.join()).toMatch(/sid=/);
    expect(setCookies.join()).not.toMatch(/max-age|expires/i);
  });

  it('end when their old cookie would have, where that is earlier', async () => {
    const { now } = await moved(await startNew());
    const { expiresAt } = await me(now);
    const leftMs = new Date(expiresAt).getTime() - Date.now();
    expect(leftMs).toBeGreaterThan(HOUR_MS - 60_000);
    expect(leftMs).toBeLessThanOrEqual(HOUR_MS);
  });

  it('live as new sessions do where each use gave their cookie a longer life', async () => {
    const { now } = await moved(await startNew({ rolling: true }));
    const { expiresAt } = await me(now);
    expect(new Date(expiresAt).getTime() - Date.now()).toBeGreaterThan(9 * HOUR_MS);
  });

  it('have their fields renamed and changed, and who is told which can not be', async () => {
    const app = await startNew({
      rename: { cart: 'items' },
      transform: ({ visits, ...data }) =>
        data['user'] === 'ben' ? null : { ...data, id: visits, $odd: 1 },
    });
    const [ada, ben] = [await moved(app, 'ada'), await moved(app, 'ben')];
    expect((await me(ada.now)).data).toEqual({ user: 'ada', items: ['tea'] });
    expect(await me(ben.now)).toMatchObject({ isNew: true, data: {} });
    await me((await moved(app, 'cyd')).now);
    const told = app.logs.lines.filter((line) => line.includes('that are migrated'));
    expect(told.map((line) => /a field (\S+),/.exec(line)![1])).toEqual(['id', '$odd']);
  });

  it('are not signed out where their old session can not be read', async () => {
    const failing = { isFailing: true };
    const store = {
      ...old.store,
      get: (id: string, done: (error: unknown, session?: unknown) => void) =>
        failing.isFailing ? done(new Error('no connection')) : old.store.get(id, done),
      destroy: old.store.destroy.bind(old.store),
    };
    const { now } = await moved(await startNew({ store }));
    const answer = await now.get('/me');
    expect(answer.status).toBe(503);
    expect(answer.setCookies).toEqual([]);
    failing.isFailing = false;
    expect((await me(now)).principal).toBe('ada');
  });

  it('do not come back by a slow request that began to import before they signed out', async () => {
    const gate = new Gate();
    let reads = 0;
    const store = {
      get: async (id: string, done: (error: unknown, session?: unknown) => void) => {
        if (reads++ > 0) return old.store.get(id, done);
        old.store.get(id, (error, session) => void gate.pass().then(() => done(error, session)));
      },
      destroy: old.store.destroy.bind(old.store),
    };
    const app = await startNew({ store });
    const { before, now } = await moved(app);
    const slow = me(again(app, before));
    await gate.reached;
    await me(now);
    await now.post('/sign-out');
    gate.open();
    expect(await slow).toMatchObject({ isNew: true, data: {} });
    expect(await me(again(app, before))).toMatchObject({ isNew: true, data: {} });
    expect(await app.app.get(SessionService).list('ada')).toEqual([]);
  });
});

describe('expressSession()', () => {
  const store = { get() {}, destroy() {} };
  it.each<[string, unknown, RegExp]>([
    ['no options', undefined, /the options are undefined: write \{ store, secret \}/],
    ['no store', { secret: 'x' }, /store is undefined: write the store of the old application/],
    ['no secret', { store }, /secret is missing: write the one of the old application/],
    ['an empty secret', { store, secret: '' }, /secret is missing/],
    ['an unknown option', { store, secret: 'x', keepFor: '1h' }, /keepFor is no option/],
    ['a duration', { store, secret: 'x', keepOldFor: 'soon' }, /keepOldFor is 'soon'/],
    [
      'a client of Redis',
      { store: { get() {}, destroy() {}, sendCommand() {} }, secret: 'x' },
      /new RedisStore\(\{ client \}\) of connect-redis/,
    ],
    ['a name', { store, secret: 'x', rename: { a: 'id' } }, /rename has 'id'/],
  ])('says what to write for %s', (_, options, message) => {
    expect(() => expressSession(options as never)).toThrow(message);
  });

  it('of a cookie that has the name of the new one is refused at start', async () => {
    const migrate = expressSession({ store, secret: 'x', name: 'sid' });
    await expect(TestApp.start({ adapter: 'express', session: { migrate } })).rejects.toThrow(
      /cookie\.name 'sid' is that of the cookie to migrate.*write another cookie\.name/,
    );
    const app = await TestApp.start({
      adapter: 'express',
      session: { migrate, cookie: { name: 'id' } },
    });
    await app.stop();
  });
});
