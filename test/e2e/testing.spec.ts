import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Controller, Get, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory, Reflector } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  Principal,
  RedisBackend,
  Session,
  SESSION_BACKEND,
  SessionModule,
  type SessionModuleOptions,
  SessionService,
  SignedInGuard,
} from 'nestjs-server-session';
import { cookieSessions } from 'nestjs-server-session/cookie';
import {
  fakeSession,
  signedIn,
  type TestSessions,
  testSessions,
} from 'nestjs-server-session/testing';
import { ADAPTERS, SECRET, TestApp } from '../support/app.js';
import { until } from '../support/until.js';

@Controller()
class MeController {
  @Get('me')
  me(@Session() session: Session, @Principal() principal: string | undefined) {
    return { principal: principal ?? null, data: session };
  }
}

describe.each(ADAPTERS)('a test of an application, on %s', (adapter) => {
  let app: TestApp | undefined;
  afterEach(async () => {
    await app?.stop();
    app = undefined;
  });

  async function start(session: Partial<SessionModuleOptions> = {}): Promise<TestApp> {
    app = await TestApp.start({
      adapter,
      session: { secret: SECRET, ...session },
      controllers: [MeController],
    });
    return app;
  }

  const ask = async (headers: object) => {
    const response = await fetch(`${app!.url}/me`, { headers: headers as Record<string, string> });
    return { status: response.status, body: await response.json(), headers: response.headers };
  };

  it('has a client that is signed in, by its cookie', async () => {
    const { app: nest } = await start({ cookie: { name: '__Host-id' } });
    const ada = await signedIn(nest, 'ada', { userId: 'ü; "x"' });
    expect(ada.headers).toEqual({ cookie: ada.cookie });
    expect(ada.bearer).toBeUndefined();
    const answer = await ask(ada.headers);
    expect(answer.body).toEqual({ principal: 'ada', data: { userId: 'ü; "x"' } });
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(ada.cookies('https://a.example')).toEqual([
      {
        name: '__Host-id',
        value: ada.cookie!.slice('__Host-id='.length),
        domain: 'a.example',
        path: '/',
        httpOnly: true,
        secure: true,
        sameSite: 'Lax',
      },
    ]);
    await nest.get(SessionService).revoke(ada.id);
    expect((await ask(ada.headers)).body).toEqual({ principal: null, data: {} });
  });

  it('has one that sends a bearer token', async () => {
    const { app: nest } = await start({ transports: ['bearer', 'cookie'] });
    const ada = await signedIn(nest, 'ada');
    expect(ada.headers).toEqual({ authorization: ada.bearer });
    expect((await ask({ authorization: ada.bearer })).body).toMatchObject({ principal: 'ada' });
    expect((await ask({ cookie: ada.cookie })).body).toMatchObject({ principal: 'ada' });
  });

  it('has one whose session is in its cookies', async () => {
    const { app: nest } = await start({ backend: cookieSessions() });
    const about = 'x'.repeat(5_000) + Math.random();
    const { headers, cookies } = await signedIn(nest, 'ada', { userId: about });
    expect((await ask(headers)).body).toEqual({ principal: 'ada', data: { userId: about } });
    expect(cookies('http://a.example').length).toBeGreaterThan(0);
  });

  it('has one of whom the data say who it is', async () => {
    const of = { field: 'userId', principal: (value: string) => value };
    const { app: nest } = await start({ principals: { of } });
    const { headers } = await signedIn(nest, 'ada', { userId: 'ada' });
    expect((await ask(headers)).body).toMatchObject({ principal: 'ada' });
    await expect(signedIn(nest, 'ada')).rejects.toThrow('somebody else');
  });

  it('takes the limit of sessions for what it is', async () => {
    const { app: nest } = await start({ principals: { maxSessions: 1 } });
    const [first, second] = [await signedIn(nest, 'ada'), await signedIn(nest, 'ada')];
    expect((await ask(first.headers)).body).toMatchObject({ principal: null });
    expect((await ask(second.headers)).body).toMatchObject({ principal: 'ada' });
  });

  it('asks the option cookie by the request that it is given', async () => {
    const { app: nest } = await start({
      cookie: ({ headers }: { headers: { host?: string } }) => ({
        name: headers.host?.startsWith('127') ? 'here' : 'there',
      }),
    });
    expect((await signedIn(nest, 'ada')).cookie).toMatch(/^there=/);
    const request = { headers: { host: '127.0.0.1' } };
    const { cookie, headers } = await signedIn(nest, 'ada', {}, { request });
    expect(cookie).toMatch(/^here=/);
    expect((await ask(headers)).body).toMatchObject({ principal: 'ada' });
  });

  it('gives a life of its own', async () => {
    const sessions = testSessions();
    const { app: nest } = await start({ backend: sessions, idleTimeout: '30m' });
    const { headers } = await signedIn(nest, 'ada', {}, { lifetime: { idle: '2h' } });
    sessions.advance('90m');
    expect((await ask(headers)).body).toMatchObject({ principal: 'ada' });
  });
});

describe('a clock that is moved', () => {
  let sessions: TestSessions;
  let context: INestApplicationContext;
  afterEach(() => context.close());

  async function start(): Promise<SessionService> {
    sessions = testSessions();
    @Module({
      imports: [SessionModule.forRoot({ secret: SECRET, backend: sessions, idleTimeout: '30m' })],
    })
    class Root {}
    context = await NestFactory.createApplicationContext(Root, { logger: false });
    return context.get(SessionService);
  }

  it('ends what is not used, to the millisecond', async () => {
    const service = await start();
    const { id } = await signedIn(context, 'ada');
    sessions.advance('29m');
    expect(await service.get(id)).toMatchObject({ principal: 'ada' });
    sessions.advance(60);
    expect(await service.get(id)).toBeNull();
    expect(await service.list('ada')).toEqual([]);
  });

  it('tells whoever watches', async () => {
    const service = await start();
    const { id } = await signedIn(context, 'ada');
    const signal = service.signal(id);
    sessions.advance('29m');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(signal.aborted).toBe(false);
    sessions.advance('2m');
    await until('the end', () => signal.aborted);
    expect((signal.reason as { reason: string }).reason).toBe('expired');
  });

  it('is refused what is no length of time', async () => {
    await start();
    expect(() => sessions.advance('soon')).toThrow("write text with a unit, such as '31m'");
    expect(() => sessions.advance(-1)).toThrow(TypeError);
    expect(() => sessions.advance('0s')).toThrow(TypeError);
  });
});

it('says what is missing of an application without sessions', async () => {
  @Module({})
  class Empty {}
  const context = await NestFactory.createApplicationContext(Empty, { logger: false });
  await expect(signedIn(context, 'ada')).rejects.toThrow('has no SessionModule');
  await context.close();
});

it('connects to no Redis of the options', async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const backend = RedisBackend.fromUrl(`redis://127.0.0.1:${port}`);
  const module = await Test.createTestingModule({
    imports: [SessionModule.forRoot({ secret: SECRET, backend })],
  })
    .overrideProvider(SESSION_BACKEND)
    .useValue(testSessions())
    .compile();
  await module.init();
  expect((await module.get(SessionService).health()).status).toBe('up');
  await signedIn(module, 'ada');
  await module.close();
  expect(connections).toBe(0);
  server.close();
});

describe('a session by itself', () => {
  type Loose = Session & Record<string, unknown>;

  it('is new without data', async () => {
    const session = fakeSession();
    expect(session).toMatchObject({ isNew: true, principal: undefined });
    session.userId = 'ada';
    await session.save();
    await session.reload();
    expect({ ...session }).toEqual({ userId: 'ada' });
  });

  it('is one that was stored, with data or a principal', async () => {
    const signedInAt = new Date(Date.now() - 60_000);
    const session = fakeSession({ userId: 'ada' }, { principal: 'ada', signedInAt });
    expect(session).toMatchObject({ isNew: false, principal: 'ada', signedInAt, userId: 'ada' });
    expect(session.createdAt).toEqual(signedInAt);
    expect(Object.keys(session)).toEqual(['userId']);
    await session.reload();
    expect(session.userId).toBe('ada');
  });

  it('has what the request before has left', async () => {
    const session = fakeSession({ userId: 'ada' }, { flash: { visits: 3 } });
    expect([session.getFlash('visits'), { ...session }]).toEqual([3, { userId: 'ada' }]);
    await session.save();
    await session.reload();
    expect(Object.keys(session)).toEqual(['userId']);
    expect(fakeSession({}, { flash: { visits: 1 } }).isNew).toBe(false);
  });

  it('has every member at work', async () => {
    const session = fakeSession({ userId: 'ada' }) as Loose;
    const { id, generation } = session;
    expect(session.increment('visits')).toBe(1);
    await session.save();
    await session.signIn('ada', { keep: ['visits'] });
    session['theme'] = 'dark';
    await session.save();
    expect(session).toMatchObject({ id, principal: 'ada' });
    expect(session.generation).not.toBe(generation);
    expect({ ...session }).toEqual({ visits: 1, theme: 'dark' });
    session['theme'] = 'unsaved';
    await session.reload();
    expect(session.take('theme' as never)).toBe('dark');
    session.touch().lifetime({ idle: '1h' });
    await session.regenerate();
    await session.save();
    await session.signOut({ keep: ['visits'] });
    expect(session).toMatchObject({ principal: undefined, isNew: true });
    expect({ ...session }).toEqual({ visits: 1 });
    await session.destroy();
    await expect(fakeSession().reload()).resolves.toBeUndefined();
  });

  it('is each by itself', async () => {
    const [one, other] = [fakeSession({ userId: 'a' }), fakeSession({ userId: 'b' })];
    await one.destroy();
    await other.reload();
    expect(other.userId).toBe('b');
    await other.destroy();
    await expect(other.reload()).resolves.toBeUndefined();
  });

  it('goes through a guard', async () => {
    const context = {
      getHandler: () => () => {},
      getClass: () => MeController,
      getType: () => 'http',
      switchToHttp: () => ({ getRequest: () => ({}), getResponse: () => ({}) }),
    };
    const guardFor = (session: Session) =>
      new SignedInGuard({ of: async () => session } as never, new Reflector());
    const signedIn = fakeSession({}, { principal: 'ada' });
    await expect(guardFor(signedIn).canActivate(context as never)).resolves.toBe(true);
    await expect(guardFor(fakeSession()).canActivate(context as never)).rejects.toThrow(
      'Unauthorized',
    );
  });

  it('refuses what can not be stored, and names that are taken', () => {
    expect(() => fakeSession({ userId: (() => {}) as never })).toThrow('userId');
    expect(() => fakeSession({ save: 1 } as never)).toThrow('save');
    expect(() => fakeSession({}, { principal: '' })).toThrow('the principal is empty');
  });
});
