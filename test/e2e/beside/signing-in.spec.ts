import { promisify } from 'node:util';
import { Controller, Get, HttpCode, Post, Req } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MemoryBackend, Session, SessionService } from 'nestjs-server-session';
import { idIn } from '../../support/ageing.js';
import { ADAPTERS, type AdapterName, TestApp } from '../../support/app.js';
import type { Browser } from '../../support/browser.js';
import { Gate, GatedBackend } from '../../support/gated-backend.js';
import { importPassportRecipe } from '../../support/recipes.js';

interface PassportRequest {
  logIn(user: object, options: object): Promise<void>;
  logIn(user: object, options: object, done: (error?: unknown) => void): void;
  logout(): Promise<void>;
  logout(done: (error?: unknown) => void): void;
}

/** What passport gives a request, with a callback on Express and a promise on Fastify. */
function awaited(request: PassportRequest, adapter: AdapterName) {
  if (adapter === 'fastify') return request;
  return {
    logIn: promisify<object, object, void>(request.logIn.bind(request)),
    logout: promisify(request.logout.bind(request) as (done: () => void) => void),
  };
}

interface SessionShown {
  id: string;
  generation: string;
  principal?: string;
  visits?: number;
}

let gate = new Gate();

function controllerOn(adapter: AdapterName) {
  @Controller()
  class OwnController {
    @Get('session')
    show(@Session() session: Session) {
      const { id, generation, principal, visits, cart } = session;
      return { id, generation, principal, visits, items: cart?.items.length };
    }
    @Post('visit')
    @HttpCode(200)
    visit(@Session() session: Session) {
      session.visits = 1;
      session.cart = { items: [{ sku: 'a', count: 1 }] };
    }
    @Post('slow-visit')
    @HttpCode(200)
    async slowVisit(@Session() session: Session) {
      await gate.pass();
      session.visits = 2;
    }
    @Post('log-in')
    @HttpCode(200)
    async logIn(@Req() request: PassportRequest) {
      await awaited(request, adapter).logIn({ id: 'grace' }, { keepSessionInfo: true });
    }
    @Post('log-out')
    @HttpCode(200)
    async logOut(@Req() request: PassportRequest) {
      await awaited(request, adapter).logout();
    }
  }
  return OwnController;
}

const CELLS = ADAPTERS.flatMap((adapter) =>
  (['eager', 'lazy'] as const).map((load) => ({
    name: adapter === 'express' ? '@nestjs/passport' : '@fastify/passport',
    adapter,
    load,
  })),
);

/** @nestjs/passport keeps the user's id in a property of the field, @fastify/passport as the field. */
const principal = (value?: string | { user?: string }) =>
  typeof value === 'string' ? value : value?.user;

describe.each(CELLS)('$name, load: $load', ({ adapter, load }) => {
  const backend = new GatedBackend(new MemoryBackend());
  let app: TestApp;

  beforeAll(async () => {
    const { AccountModule, usePassport } = await importPassportRecipe(adapter);
    app = await TestApp.start({
      adapter,
      session: { backend, load, principals: { of: { field: 'passport', principal } } },
      imports: [AccountModule],
      controllers: [controllerOn(adapter)],
      prepare: usePassport,
    });
  });
  afterEach(() => {
    backend.beforeRead = backend.beforeWrite = async () => {};
  });
  afterAll(() => app.stop());

  const signIn = (browser: Browser, password = 'open sesame') =>
    browser.postJson('/sign-in', { username: 'ada', password });
  async function visitor(): Promise<Browser> {
    const browser = app.browser();
    await browser.post('/visit');
    return browser;
  }
  const sessionOf = async (browser: Browser) =>
    (await browser.get('/session')).json<SessionShown>();
  const who = async (browser: Browser) => {
    const { status, json } = await browser.get('/me');
    return status === 200 ? json()['id'] : status;
  };

  it('a sign-in lasts from request to request, in its browser alone', async () => {
    const browser = app.browser();
    expect(await who(browser)).toBe(401);
    const answer = await signIn(browser);
    expect(answer.status).toBe({ express: 200, fastify: 303 }[adapter]);
    expect(answer.setCookies).toEqual([expect.stringMatching(/^sid=/)]);
    expect(await who(browser)).toBe('ada');
    expect(await who(browser)).toBe('ada');
    expect(await who(app.browser())).toBe(401);
  });

  it('by principals.of a sign-in makes the session the user’s, and a sign-out nobody’s', async () => {
    const browser = await visitor();
    await signIn(browser);
    const sessions = app.app.get(SessionService);
    expect((await sessions.list('ada')).map(({ id }) => id)).toContain(idIn(browser));
    expect((await sessionOf(browser)).principal).toBe('ada');
    const other = app.browser();
    await signIn(other);
    await sessions.revokeAll('ada', { except: idIn(other) });
    expect(await who(browser)).toBe(401);
    expect(await who(other)).toBe('ada');
    await other.post('/log-out');
    expect(await sessions.list('ada')).toEqual([]);
    expect((await sessionOf(other)).principal).toBeUndefined();
  });

  it('of somebody else than who is signed in makes the session theirs', async () => {
    const browser = await visitor();
    await signIn(browser);
    await browser.post('/log-in');
    expect(await who(browser)).toBe('grace');
    expect((await sessionOf(browser)).principal).toBe('grace');
    await signIn(browser);
    expect(await who(browser)).toBe('ada');
  });

  it.each(['a password', 'logIn'])(
    'by %s gives a new token and generation, and the token from before is dead',
    async (way) => {
      const browser = await visitor();
      const before = await sessionOf(browser);
      const attacker = browser.copy();
      await (way === 'logIn' ? browser.post('/log-in') : signIn(browser));
      expect(await who(browser)).toBe(way === 'logIn' ? 'grace' : 'ada');
      const after = await sessionOf(browser);
      expect(after.id).toBe(before.id);
      expect(after.generation).not.toBe(before.generation);
      expect(browser.token).not.toBe(attacker.token);
      expect(await who(attacker)).toBe(401);
      expect((await sessionOf(attacker)).visits).toBeUndefined();
    },
  );

  it('what a visitor put into the session is kept as passport of this adapter keeps it', async () => {
    const browser = await visitor();
    await signIn(browser);
    expect(await sessionOf(browser)).toMatchObject({ items: 1 });
    expect((await sessionOf(browser)).visits).toBe({ express: 1, fastify: undefined }[adapter]);
    const keeping = await visitor();
    await keeping.post('/log-in');
    expect(await sessionOf(keeping)).toMatchObject({ items: 1, visits: 1 });
  });

  it('a wrong password is refused and leaves no session', async () => {
    const browser = app.browser();
    const answer = await signIn(browser, 'guess');
    expect(answer.status).toBe(401);
    expect(answer.setCookies).toEqual([]);
  });

  it.each(['/sign-out', '/log-out'])(
    'after %s a slow request that was under way brings nobody back',
    async (path) => {
      const browser = await visitor();
      await signIn(browser);
      gate = new Gate();
      const before = browser.copy();
      const slow = before.post('/slow-visit');
      await gate.reached;
      expect((await browser.post(path)).status).toBe(200);
      gate.open();
      const answer = await slow;
      expect(answer.status).toBe(200);
      expect(answer.setCookies).toEqual([]);
      expect(await who(before)).toBe(401);
      expect(await who(browser)).toBe(401);
      expect((await sessionOf(browser)).visits).not.toBe(2);
    },
  );

  it('logout leaves the other data, destroy none', async () => {
    const browser = app.browser();
    await signIn(browser);
    await browser.post('/visit');
    await browser.post('/log-out');
    expect(await who(browser)).toBe(401);
    expect((await sessionOf(browser)).visits).toBe(1);
    await browser.post('/sign-out');
    expect((await sessionOf(browser)).visits).toBeUndefined();
  });

  it('a sign-in that can’t be stored is a 503 and signs nobody in', async () => {
    const browser = await visitor();
    backend.beforeWrite = () => Promise.reject(new Error('disk full'));
    const answer = await signIn(browser);
    expect(answer.status).toBe(503);
    expect(answer.setCookies).toEqual([]);
    backend.beforeWrite = async () => {};
    expect(await who(browser)).toBe(401);
  });

  it('a session that can’t be loaded is a 503, and everybody else is served', async () => {
    const browser = app.browser();
    await signIn(browser);
    backend.beforeRead = () => Promise.reject(new Error('gone fishing'));
    expect(await who(browser)).toBe(503);
    expect(await who(app.browser())).toBe(401);
  });
});
