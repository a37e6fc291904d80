import { setTimeout as sleep } from 'node:timers/promises';
import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { expect, it } from 'vitest';
import { Session, SessionService } from 'nestjs-server-session';
import { age, idIn } from '../support/ageing.js';
import { TestApp } from '../support/app.js';
import type { Browser } from '../support/browser.js';
import { onEveryBackend } from '../support/matrix.js';
import { gate as newGate } from '../support/principal-controller.js';
import type { Gate } from '../support/gated-backend.js';

type Loose = Session & Record<string, unknown>;

let users = 0;
const user = () => `derived-${++users}`;
let gate: Gate | undefined;

/** An application that comes from elsewhere: it knows its users by a field. */
@Controller()
class AccountController {
  @Get('me')
  me(@Session() session: Loose) {
    const { principal, signedInAt, id, generation } = session;
    return { principal, signedInAt, id, generation, data: { ...session } };
  }
  @Post('log-in')
  @HttpCode(200)
  async logIn(@Session() session: Loose, @Body() { who }: { who: unknown }) {
    await gate?.pass();
    session['account'] = { user: who };
  }
  /** As passport does. */
  @Post('log-in-anew')
  @HttpCode(200)
  async logInAnew(@Session() session: Loose, @Body() { who }: { who: unknown }) {
    await session.regenerate();
    session['account'] = { user: who };
    session['theme'] = 'dark';
  }
  /** As passport does where somebody is signed in. */
  @Post('log-in-within')
  @HttpCode(200)
  async logInWithin(@Session() session: Loose, @Body() body: { who: unknown; save?: boolean }) {
    await session.regenerate();
    session['account'] ??= {};
    (session['account'] as { user: unknown }).user = body.who;
    if (body.save) await session.save();
  }
  @Post('log-out')
  @HttpCode(200)
  logOut(@Session() session: Loose) {
    delete session['account'];
  }
  @Post('visit')
  @HttpCode(200)
  visit(@Session() session: Loose) {
    session['visits'] = Number(session['visits'] ?? 0) + 1;
  }
  @Post('own')
  async own(@Session() session: Loose) {
    await session.signIn('ada', { keep: [] });
  }
}

const of = { field: 'account', principal: (value?: { user?: string | number }) => value?.user };
const times = { idleTimeout: '45m', absoluteTimeout: '50m' };
const parts = {
  transport: 'cookie' as const,
  session: { ...times, principals: { of, maxSessions: 2, onLimit: 'refuse' as const } },
  controllers: [AccountController],
};

onEveryBackend('a principal that follows from the data', parts, (cell, { adapter }) => {
  const sessions = () => cell.app.app.get(SessionService);
  const me = async (browser: Browser) => (await browser.get('/me')).json();
  const logIn = (browser: Browser, who: unknown) => browser.postJson('/log-in', { who });
  async function loggedIn(who: string, browser = cell.app.browser()): Promise<Browser> {
    expect((await logIn(browser, who)).status).toBe(200);
    return browser;
  }

  it('is another once a part of its field says so, with nothing of the one before', async () => {
    for (const save of [false, true]) {
      const [ada, ben] = [user(), user()];
      const browser = await loggedIn(ada);
      await browser.post('/visit');
      expect((await browser.postJson('/log-in-within', { who: ben, save })).status).toBe(200);
      expect(await me(browser)).toMatchObject({ principal: ben, data: { account: { user: ben } } });
      expect((await me(browser))['data']).not.toHaveProperty('visits');
      expect(await sessions().list(ada)).toEqual([]);
    }
  });

  it('may be a number, which stands for its text', async () => {
    const browser = cell.app.browser();
    const id = 1_000_000 + users++;
    expect((await logIn(browser, id)).status).toBe(200);
    expect((await me(browser))['principal']).toBe(`${id}`);
    expect(await sessions().list(`${id}`)).toHaveLength(1);
  });

  it('is the session’s once its field says so, with a new token and generation', async () => {
    const ada = user();
    const browser = cell.app.browser();
    await browser.post('/visit');
    const [before, attacker] = [await me(browser), browser.copy()];
    await loggedIn(ada, browser);
    const after = await me(browser);
    expect(after).toMatchObject({ principal: ada, id: before['id'], data: { visits: 1 } });
    expect(after['generation']).not.toBe(before['generation']);
    expect((await me(attacker))['principal']).toBeUndefined();
    const [session] = await sessions().list(ada);
    expect(session).toMatchObject({ id: before['id'], principal: ada });
    expect(session!.signedInAt!.toJSON()).toBe(after['signedInAt']);
    await browser.post('/visit');
    expect(await me(browser)).toMatchObject({ ...after, data: { visits: 2 } });
  });

  it('is that of a new session too, and of one in which another user logs in', async () => {
    const [ada, bob] = [user(), user()];
    const browser = await loggedIn(ada);
    expect((await sessions().list(ada)).map(({ id }) => id)).toEqual([idIn(browser)]);
    await loggedIn(bob, browser);
    expect((await me(browser))['principal']).toBe(bob);
    expect(await sessions().list(ada)).toEqual([]);
    expect(await sessions().list(bob)).toHaveLength(1);
    expect(await sessions().revokeAll(ada)).toBe(0);
    expect((await me(browser))['principal']).toBe(bob);
  });

  it('has signed in once more where the field is written with a new token', async () => {
    const ada = user();
    const browser = await loggedIn(ada);
    await browser.post('/visit');
    const before = await me(browser);
    const attacker = browser.copy();
    await sleep(10);
    await browser.postJson('/log-in-anew', { who: ada });
    const after = await me(browser);
    expect(after).toMatchObject({ principal: ada, id: before['id'], data: { visits: 1 } });
    expect(Date.parse(String(after['signedInAt']))).toBeGreaterThan(
      Date.parse(String(before['signedInAt'])),
    );
    expect((await me(attacker))['principal']).toBeUndefined();
    // The same field once more, by itself, is none.
    await browser.postJson('/log-in', { who: ada });
    expect((await me(browser))['signedInAt']).toBe(after['signedInAt']);
    expect(await sessions().list(ada)).toHaveLength(1);
  });

  it('of another takes nothing along of the one before', async () => {
    const [ada, bob] = [user(), user()];
    for (const path of ['/log-in', '/log-in-anew']) {
      const browser = await loggedIn(ada);
      await browser.post('/visit');
      await browser.postJson(path, { who: bob });
      const { principal, data } = await me(browser);
      const theme = path === '/log-in-anew' ? { theme: 'dark' } : {};
      expect([principal, data]).toEqual([bob, { account: { user: bob }, ...theme }]);
      expect(await sessions().list(ada)).toEqual([]);
      await browser.post('/log-out');
      await sessions().revokeAll(bob);
    }
  });

  it('goes with the field: the session is nobody’s, with a new token, and stays', async () => {
    const ada = user();
    const browser = cell.app.browser();
    await browser.post('/visit');
    await loggedIn(ada, browser);
    const before = browser.copy();
    await browser.post('/log-out');
    const after = await me(browser);
    expect(after).toMatchObject({ data: { visits: 1 } });
    expect(after).not.toHaveProperty('principal');
    expect(after).not.toHaveProperty('signedInAt');
    expect(await sessions().list(ada)).toEqual([]);
    expect((await me(before))['data']).toEqual({});
    expect(await sessions().get(idIn(browser))).toMatchObject({ principal: undefined });
  });

  it('counts for the limit, and for revokeAll', async () => {
    const ada = user();
    const [one, two] = [await loggedIn(ada), await loggedIn(ada)];
    const three = cell.app.browser();
    await three.post('/visit');
    expect((await logIn(three, ada)).status).toBe(409);
    expect(await me(three)).toMatchObject({ data: { visits: 1 } });
    expect(await sessions().revokeAll(ada, { except: idIn(one) })).toBe(1);
    expect((await me(two))['principal']).toBeUndefined();
    expect((await me(one))['principal']).toBe(ada);
    await loggedIn(ada, three);
  });

  it('is refused to a request that had arrived before revokeAll', async () => {
    const ada = user();
    for (const browser of [cell.app.browser(), await loggedIn(user())]) {
      gate = newGate('derived');
      const slow = logIn(browser, ada);
      await gate.reached;
      await sessions().revokeAll(ada);
      gate.open();
      expect((await slow).status).toBe(401);
      gate = undefined;
      expect(await sessions().list(ada)).toEqual([]);
    }
  });

  it('of a session that was there before the option is stored with its next request, and ends when it would have', async () => {
    const ada = user();
    const elsewhere = await TestApp.start({
      adapter,
      controllers: [AccountController],
      session: { ...times, backend: cell.backend.backend },
    });
    const old = elsewhere.browser();
    await logIn(old, ada);
    expect(await sessions().list(ada)).toEqual([]);
    await age(cell.backend.backend, idIn(old), 20 * 60_000);
    await old.get('/me');
    const before = (await elsewhere.app.get(SessionService).get(idIn(old)))!;
    await elsewhere.stop();
    const browser = cell.app.browser();
    Object.assign(browser.cookies, old.cookies);
    const parallel = await Promise.all(Array.from({ length: 5 }, () => me(browser.copy())));
    expect(parallel.map(({ principal }) => principal)).toEqual(Array(5).fill(ada));
    const [after] = await sessions().list(ada);
    expect(after).toMatchObject({ id: before.id, principal: ada });
    expect(Math.abs(after!.expiresAt.getTime() - before.expiresAt.getTime())).toBeLessThan(60_000);
    expect((await me(browser))['generation']).toBe(parallel[0]!['generation']);
  });

  it('that is none fails the request and stores nothing, without the value', async () => {
    const browser = cell.app.browser();
    await browser.post('/visit');
    expect((await logIn(browser, 47.11)).status).toBe(500);
    expect((await logIn(browser, '')).status).toBe(500);
    expect(await me(browser)).toMatchObject({ data: { visits: 1 } });
    expect((await me(browser))['data']).not.toHaveProperty('account');
  });

  it('leaves no room for signIn', async () => {
    const browser = cell.app.browser();
    expect((await browser.post('/own')).status).toBe(500);
    expect((await me(browser))['data']).toEqual({});
  });
});
