import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from '../support/app.js';
import { startBackend, type TestBackend } from '../support/backends.js';
import type { Browser } from '../support/browser.js';
import { GatedBackend } from '../support/gated-backend.js';
import { PASSWORD, startPassportApp, WRONG_PASSWORD } from '../support/passport-app.js';

interface Me {
  id: string;
  generation: string;
  user?: string;
  isSignedIn: boolean;
  visits?: number;
}

describe.each(['memory', 'redis'] as const)('middleware for express-session, with %s', (name) => {
  let inner: TestBackend;
  let backend: GatedBackend;
  let app: TestApp;

  beforeAll(async () => {
    inner = await startBackend(name);
    backend = new GatedBackend(inner.backend);
    app = await startPassportApp(backend);
  });
  afterEach(() => {
    backend.beforeWrite = async () => {};
  });
  afterAll(async () => {
    await app.stop();
    await inner.stop();
  });

  const me = async (browser: Browser) => (await browser.get('/me')).json<Me>();
  const logIn = (browser: Browser, path = '/login', password = PASSWORD) =>
    browser.postJson(path, { username: 'ada', password });

  describe('passport', () => {
    it('a login lasts from request to request, and gives one cookie', async () => {
      const browser = app.browser();
      const answer = await logIn(browser);
      expect(answer.status).toBe(200);
      expect(answer.json()).toEqual({ user: 'ada' });
      expect(answer.setCookies).toEqual([expect.stringMatching(/^sid=/)]);
      expect(await me(browser)).toMatchObject({ user: 'ada', isSignedIn: true });
      expect(await me(app.browser())).toMatchObject({ isSignedIn: false });
    });

    it('a login gives a new token and generation, keeps the id, and the token from before it is dead', async () => {
      const browser = app.browser();
      await browser.post('/visit');
      const before = { ...(await me(browser)), cookie: browser.cookies['sid'] };
      const attacker = browser.copy();
      await logIn(browser);
      expect(browser.cookies['sid']).not.toBe(before.cookie);
      const after = await me(browser);
      expect(after.id).toBe(before.id);
      expect(after.generation).not.toBe(before.generation);
      expect(await me(attacker)).toMatchObject({ isSignedIn: false });
      expect((await me(attacker)).visits).toBeUndefined();
    });

    it.each(['/login', '/login-keeping'])(
      'the other data survive %s: regenerate() keeps them, whatever keepSessionInfo says',
      async (path) => {
        const browser = app.browser();
        await browser.post('/visit');
        await logIn(browser, path);
        expect(await me(browser)).toMatchObject({ user: 'ada', visits: 1 });
      },
    );

    it('a wrong password is refused, leaves no session, and ends no login', async () => {
      const stranger = app.browser();
      const refused = await logIn(stranger, '/login', 'guess');
      expect(refused.status).toBe(401);
      expect(refused.setCookies).toEqual([]);
      await logIn(stranger);
      const signedIn = await me(stranger);
      expect((await logIn(stranger, '/login', 'guess')).status).toBe(401);
      expect(await me(stranger)).toEqual(signedIn);
    });

    it('failureFlash: the message is there after the redirect, once', async () => {
      const browser = app.browser();
      const refused = await logIn(browser, '/login-flashing', 'guess');
      expect(refused.status).toBe(302);
      const next = refused.headers.get('location')!;
      expect((await browser.get(next)).json()).toEqual({ error: [WRONG_PASSWORD] });
      expect((await browser.get(next)).json()).toEqual({});
      expect(await me(browser)).toMatchObject({ isSignedIn: false });
    });

    it('a logout ends the login, gives a new token and generation, and the token from before it is dead', async () => {
      const browser = app.browser();
      await browser.post('/visit');
      await logIn(browser);
      const before = await me(browser);
      const thief = browser.copy();
      expect((await browser.post('/logout')).status).toBe(200);
      const after = await me(browser);
      expect(after).toMatchObject({ isSignedIn: false, visits: 1 });
      expect(after.generation).not.toBe(before.generation);
      expect(await me(thief)).toMatchObject({ isSignedIn: false });
      expect((await me(thief)).visits).toBeUndefined();
    });

    it('a login that can’t be stored is a 503 and signs nobody in', async () => {
      const browser = app.browser();
      await browser.post('/visit');
      backend.beforeWrite = () => Promise.reject(new Error('disk full'));
      const failed = await logIn(browser);
      expect(failed.status).toBe(503);
      expect(failed.setCookies).toEqual([]);
      backend.beforeWrite = async () => {};
      expect(await me(browser)).toMatchObject({ isSignedIn: false, visits: 1 });
    });

    it.each([1, 2])(
      'a logout whose write %s fails is a 503: nobody is told that it worked',
      async (failing) => {
        const browser = app.browser();
        await logIn(browser);
        let writes = 0;
        backend.beforeWrite = () =>
          ++writes >= failing ? Promise.reject(new Error('disk full')) : Promise.resolve();
        expect((await browser.post('/logout')).status).toBe(503);
        expect(writes).toBeGreaterThanOrEqual(failing);
      },
    );
  });

  describe('connect-flash', () => {
    it('messages of two posts add up until they are shown', async () => {
      const browser = app.browser();
      await browser.post('/notes');
      await browser.post('/notes');
      const { warning } = (await browser.get('/notes')).json<{ warning: string[] }>();
      expect(warning).toEqual(['late', 'late']);
    });
  });

  describe('csrf-sync', () => {
    const csrfOf = async (browser: Browser) =>
      (await browser.get('/csrf')).json<{ csrf: string }>().csrf;
    const transfer = async (browser: Browser, token?: string) =>
      (await browser.post('/transfer', token === undefined ? {} : { 'x-csrf-token': token }))
        .status;

    it('a POST is refused without the token of its session, and accepted with it', async () => {
      const browser = app.browser();
      const stranger = app.browser();
      const [token, other] = [await csrfOf(browser), await csrfOf(stranger)];
      expect(token).not.toBe(other);
      expect(await transfer(browser)).toBe(403);
      expect(await transfer(browser, other)).toBe(403);
      expect(await transfer(browser, token)).toBe(200);
      expect(await csrfOf(browser)).toBe(token);
      expect(await transfer(app.browser(), token)).toBe(403);
    });

    it('a login that asks for a new token leaves the old one worthless', async () => {
      const browser = app.browser();
      const before = await csrfOf(browser);
      const answer = await logIn(browser, '/login-rotating-csrf');
      const { csrf: after } = answer.json<{ csrf: string }>();
      expect(await transfer(browser, before)).toBe(403);
      expect(await transfer(browser, after)).toBe(200);
      expect(await csrfOf(browser)).toBe(after);
    });

    it('a login that asks for none keeps the token with the other data', async () => {
      const browser = app.browser();
      const token = await csrfOf(browser);
      await logIn(browser);
      expect(await transfer(browser, token)).toBe(200);
    });
  });
});
