import { afterAll, beforeAll, expect, it } from 'vitest';
import { SessionService, type StoredSession } from 'nestjs-server-session';
import { TestApp } from '../support/app.js';
import type { Browser } from '../support/browser.js';
import { idIn } from '../support/ageing.js';
import { onEveryBackend } from '../support/matrix.js';
import { gate, PrincipalController } from '../support/principal-controller.js';

let users = 0;
/** A user whom no other test knows. */
const user = () => `user-${++users}`;

const options = { session: { idleTimeout: '1h' }, controllers: [PrincipalController] };

onEveryBackend('whose session it is', options, (cell, { adapter }) => {
  const sessions = () => cell.app.app.get(SessionService);
  const ids = (list: StoredSession[]) => list.map(({ id }) => id);
  const me = async (browser: Browser) => (await browser.get('/me')).json();

  let lazy: TestApp;
  beforeAll(async () => {
    const { backend } = cell.backend;
    lazy = await TestApp.start({
      ...options,
      adapter,
      session: { ...options.session, backend, load: 'lazy' },
    });
  });
  afterAll(() => lazy.stop());

  async function signedIn(who: string, browser = cell.app.browser()): Promise<Browser> {
    const answer = await browser.post(`/sign-in/${who}`);
    expect(answer.status).toBe(200);
    return browser;
  }

  it('is told by signIn, in a new session and in one that was there, with its data', async () => {
    const ada = user();
    const browser = cell.app.browser();
    await browser.post('/set/cart');
    const [before, id] = [browser.copy(), idIn(browser)];
    await signedIn(ada, browser);
    expect(await me(browser)).toMatchObject({ principal: ada, id, data: { cart: 1 } });
    expect(
      Math.abs(Date.now() - Date.parse((await me(browser))['signedInAt'] as string)),
    ).toBeLessThan(60_000);
    expect((await me(before))['principal']).toBeUndefined();
    const other = await signedIn(ada);
    expect(await me(other)).toMatchObject({ principal: ada, data: {} });
    expect(new Set(ids(await sessions().list(ada)))).toEqual(new Set([id, idIn(other)]));
  });

  it('a session that somebody signs in to as somebody else ends, and takes no data along', async () => {
    const [ada, bob] = [user(), user()];
    const browser = await signedIn(ada);
    await browser.post('/set/cart');
    const id = idIn(browser);
    await signedIn(bob, browser);
    expect(await me(browser)).toMatchObject({ principal: bob, data: {} });
    expect(idIn(browser)).not.toBe(id);
    expect(await sessions().list(ada)).toEqual([]);
    expect(await sessions().get(id)).toBeNull();
    await browser.post('/set/cart');
    await browser.postJson(`/sign-in/${ada}`, { keep: ['cart'] });
    expect(await me(browser)).toMatchObject({ principal: ada, data: { cart: 1 } });
  });

  it('a sign-in as the same user keeps id and data, and counts as the latest', async () => {
    const ada = user();
    const browser = await signedIn(ada);
    await browser.post('/set/cart');
    const [id, before] = [idIn(browser), browser.copy()];
    await signedIn(ada, browser);
    expect(await me(browser)).toMatchObject({ principal: ada, id, data: { cart: 1 } });
    expect((await me(before))['principal']).toBeUndefined();
    expect(ids(await sessions().list(ada))).toEqual([id]);
  });

  it('signOut ends it; what is kept goes on in a new session that is nobody’s', async () => {
    const ada = user();
    const browser = await signedIn(ada);
    await browser.post('/set/cart');
    await browser.post('/set/theme');
    const [id, before] = [idIn(browser), browser.copy()];
    await browser.postJson('/sign-out', { keep: ['theme'] });
    expect(await me(browser)).toMatchObject({ data: { theme: 1 } });
    expect((await me(browser))['principal']).toBeUndefined();
    expect(idIn(browser)).not.toBe(id);
    expect((await me(before))['data']).toEqual({});
    expect(await sessions().list(ada)).toEqual([]);
    await browser.post('/sign-out');
    expect(browser.token).toBeUndefined();
  });

  it('an empty session that is somebody’s stays', async () => {
    const browser = await signedIn(user());
    await browser.post('/set/cart');
    const { principal } = await me(browser);
    expect((await browser.get('/me')).told).toEqual([]);
    expect((await sessions().get(idIn(browser)))?.principal).toBe(principal);
  });

  it('revokeAll ends all of a user’s sessions but the one that asks, and nobody else’s', async () => {
    const [ada, bob] = [user(), user()];
    const [one, two, three] = [await signedIn(ada), await signedIn(ada), await signedIn(ada)];
    const other = await signedIn(bob);
    expect((await one.post('/sign-out-elsewhere')).json()).toEqual({ ended: 2 });
    expect((await me(one))['principal']).toBe(ada);
    expect((await me(other))['principal']).toBe(bob);
    for (const ended of [two, three]) expect((await me(ended))['principal']).toBeUndefined();
    expect(await sessions().revokeAll(ada)).toBe(1);
    expect(await sessions().list(ada)).toEqual([]);
  });

  it('revokeAll refuses the sign-in of a request that had arrived before it', async () => {
    const ada = user();
    const anonymous = cell.app.browser();
    await anonymous.post('/set/cart');
    for (const browser of [cell.app.browser(), anonymous]) {
      const waiting = gate('sign-in');
      const running = browser.post(`/sign-in/${ada}?gate=sign-in`);
      await waiting.reached;
      await sessions().revokeAll(ada);
      waiting.open();
      expect((await running).status).toBe(401);
      expect((await me(browser))['principal']).toBeUndefined();
    }
    expect(await sessions().list(ada)).toEqual([]);
    expect((await me(anonymous))['data']).toEqual({ cart: 1 });
    const later = await signedIn(ada);
    expect((await me(later))['principal']).toBe(ada);
  });

  it('however late a request that had arrived before it asks for its session', async () => {
    const ada = user();
    const browser = lazy.browser();
    const waiting = gate('late');
    const running = browser.post(`/sign-in-late/${ada}?gate=late`);
    await waiting.reached;
    await lazy.app.get(SessionService).revokeAll(ada);
    waiting.open();
    expect((await running).status).toBe(401);
    expect(await sessions().list(ada)).toEqual([]);
  });

  it('revoke ends one of a user’s sessions, and where the user is named nobody else’s', async () => {
    const [ada, bob] = [user(), user()];
    const browser = await signedIn(ada);
    await sessions().revoke(idIn(browser), { principal: bob });
    expect((await me(browser))['principal']).toBe(ada);
    await sessions().revoke(idIn(browser), { principal: ada });
    expect((await me(browser))['principal']).toBeUndefined();
    const another = await signedIn(ada);
    await sessions().revoke(idIn(another));
    expect(await sessions().list(ada)).toEqual([]);
  });

  it('lists in pages, the latest sign-in first', async () => {
    const ada = user();
    const signIns: string[] = [];
    for (let i = 0; i < 5; i++) signIns.unshift(idIn(await signedIn(ada)));
    const pages: string[][] = [];
    for (let before: StoredSession | undefined; ;) {
      const page = await sessions().list(ada, { limit: 2, ...(before && { before }) });
      if (page.length === 0) break;
      pages.push(ids(page));
      before = page.at(-1)!;
    }
    expect(pages).toEqual([signIns.slice(0, 2), signIns.slice(2, 4), signIns.slice(4)]);
  });

  it.each([undefined, null, 7, {}, '', ' ', 'x'.repeat(256), '\ud800'])(
    'no principal is %s',
    async (principal) => {
      const wrong = principal as string;
      await expect(sessions().list(wrong)).rejects.toThrow(/Write the user's id as text/);
      await expect(sessions().revokeAll(wrong)).rejects.toThrow(TypeError);
    },
  );

  it.each(['a\nb', 'a\u001eb\u001fc\u001dd', '$x', 'e\u0301', 'x'.repeat(90)])(
    'a principal may be %s',
    async (name) => {
      const browser = await signedIn(encodeURIComponent(name));
      expect((await me(browser))['principal']).toBe(name);
      expect(ids(await sessions().list(name))).toEqual([idIn(browser)]);
      await sessions().revokeAll(name);
    },
  );
});
