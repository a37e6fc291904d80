import { afterEach, describe, expect, it } from 'vitest';
import { MemoryBackend, type PrincipalsOptions, SessionService } from 'nestjs-server-session';
import { age, idIn } from '../support/ageing.js';
import { TestApp } from '../support/app.js';
import type { Browser } from '../support/browser.js';
import { Gate, GatedBackend } from '../support/gated-backend.js';
import { onEveryBackend } from '../support/matrix.js';
import { PrincipalController } from '../support/principal-controller.js';

let users = 0;
const user = () => `limited-${++users}`;
const parts = (onLimit: 'end-oldest' | 'refuse') => ({
  session: { idleTimeout: '1h', principals: { maxSessions: 3, onLimit } },
  controllers: [PrincipalController],
});

onEveryBackend('at most three sessions, the oldest ends', parts('end-oldest'), (cell) => {
  const list = (who: string) => cell.app.app.get(SessionService).list(who);
  async function signedIn(who: string): Promise<Browser> {
    const browser = cell.app.browser();
    expect((await browser.post(`/sign-in/${who}`)).status).toBe(200);
    return browser;
  }
  const principal = async (browser: Browser) => (await browser.get('/me')).json()['principal'];

  it('the fourth sign-in ends the first', async () => {
    const ada = user();
    const browsers: Browser[] = [];
    for (let i = 0; i < 4; i++) browsers.push(await signedIn(ada));
    expect(await Promise.all(browsers.map(principal))).toEqual([undefined, ada, ada, ada]);
    expect(await list(ada)).toHaveLength(3);
  });

  it('of twenty sign-ins at once three sessions are left, and they work', async () => {
    const ada = user();
    const browsers = await Promise.all(Array.from({ length: 20 }, () => signedIn(ada)));
    const left = await list(ada);
    expect(left).toHaveLength(3);
    const whose = await Promise.all(browsers.map(principal));
    expect(whose.filter((who) => who === ada)).toHaveLength(3);
  });

  it('what has ended or expired does not count', async () => {
    const ada = user();
    const [one, two, three] = [await signedIn(ada), await signedIn(ada), await signedIn(ada)];
    await age(cell.backend.backend, idIn(two), 3_601_000);
    await signedIn(ada);
    expect(await principal(one)).toBe(ada);
    await three.post('/sign-out');
    await signedIn(ada);
    expect(await principal(one)).toBe(ada);
    await signedIn(ada);
    expect(await principal(one)).toBeUndefined();
  });

  it('signing in again in the same session ends no other', async () => {
    const ada = user();
    const [one] = [await signedIn(ada), await signedIn(ada)];
    const three = await signedIn(ada);
    await three.post(`/sign-in/${ada}`);
    expect(await principal(one)).toBe(ada);
    expect(await list(ada)).toHaveLength(3);
  });
});

onEveryBackend('at most three sessions, a fourth is refused', parts('refuse'), (cell) => {
  const sessions = () => cell.app.app.get(SessionService);

  it('with 409, and leaves what was there', async () => {
    const ada = user();
    const browsers = Array.from({ length: 4 }, () => cell.app.browser());
    await browsers[3]!.post('/set/cart');
    const statuses: number[] = [];
    for (const browser of browsers) statuses.push((await browser.post(`/sign-in/${ada}`)).status);
    expect(statuses).toEqual([200, 200, 200, 409]);
    expect((await browsers[3]!.get('/me')).json()).toMatchObject({ data: { cart: 1 } });
    await browsers[0]!.post('/sign-out');
    expect((await browsers[3]!.post(`/sign-in/${ada}`)).status).toBe(200);
  });

  it('so that whoever is signed in as somebody else stays so, with the cookie and the data', async () => {
    const [ada, bob] = [user(), user()];
    for (let i = 0; i < 3; i++) await cell.app.browser().post(`/sign-in/${ada}`);
    const browser = cell.app.browser();
    await browser.post(`/sign-in/${bob}`);
    await browser.post('/set/cart');
    const before = (await browser.get('/me')).json();
    const { status, headers } = await browser.postJson(`/sign-in/${ada}`, { keep: [] });
    expect([status, headers.getSetCookie()]).toEqual([409, []]);
    expect((await browser.get('/me')).json()).toEqual(before);
    expect(before).toMatchObject({ principal: bob, data: { cart: 1 } });
    expect(await sessions().list(bob)).toHaveLength(1);
    await browser.postJson(`/sign-in/${ada}`, { keep: [] });
    expect(await sessions().list(ada)).toHaveLength(3);
  });

  it('of twenty at once three get in', async () => {
    const ada = user();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => cell.app.browser().post(`/sign-in/${ada}`)),
    );
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([...Array<number>(3).fill(200), ...Array<number>(17).fill(409)]);
    expect(await sessions().list(ada)).toHaveLength(3);
  });
});

it.each(['create', 'enter'] as const)(
  'a sign-in that a revocation has overtaken on its way to %s takes no place, not even until it is refused',
  async (command) => {
    const backend = new GatedBackend(new MemoryBackend());
    const session = { backend, principals: { maxSessions: 2 } };
    const parts = { session, controllers: [PrincipalController] };
    const app = await TestApp.start({ adapter: 'express', ...parts });
    const [asking, leaving] = [new Gate(), new Gate()];
    const gates = new Map([
      [command as string, asking],
      ['leave', leaving],
    ]);
    backend.beforeWrite = async (method) => {
      const gate = gates.get(method);
      gates.delete(method);
      await gate?.pass();
    };
    try {
      const [ada, one, two] = [user(), app.browser(), app.browser()];
      const overtaken = app.browser().post(`/sign-in/${ada}`);
      await asking.reached;
      await app.app.get(SessionService).revokeAll(ada);
      await one.post(`/sign-in/${ada}`);
      asking.open();
      await leaving.reached;
      await two.post(`/sign-in/${ada}`);
      leaving.open();
      expect((await overtaken).status).toBe(401);
      const whose = async (browser: Browser) => (await browser.get('/me')).json()['principal'];
      expect([await whose(one), await whose(two)]).toEqual([ada, ada]);
    } finally {
      await app.stop();
    }
  },
);

describe('a sign-in that came after a revocation, which has not come to all sessions yet,', () => {
  let backend: GatedBackend;
  let app: TestApp;
  const start = async (principals: PrincipalsOptions) => {
    backend = new GatedBackend(new MemoryBackend());
    const session = { backend, principals };
    app = await TestApp.start({ adapter: 'express', session, controllers: [PrincipalController] });
    return user();
  };
  afterEach(() => app.stop());
  const signedIn = async (ada: string, browser = app.browser()) => {
    await browser.post(`/sign-in/${ada}`);
    return browser;
  };
  const whose = async (browser: Browser) => (await browser.get('/me')).json()['principal'];
  /** Where some writes of a kind wait, one after another. */
  const held = (kind: string, count: number) => {
    const gates = Array.from({ length: count }, () => new Gate());
    const left = [...gates];
    backend.beforeWrite = async (method) => {
      if (method === kind) await left.shift()?.pass();
    };
    return gates;
  };

  it('takes the place of one that is to end, and not of the one that stays', async () => {
    const ada = await start({ maxSessions: 2 });
    const [stays, ends] = [await signedIn(ada), await signedIn(ada)];
    const [gate] = held('end', 1);
    const except = idIn(stays);
    const revoking = app.app.get(SessionService).revokeAll(ada, { except });
    await gate!.reached;
    const other = await signedIn(ada);
    gate!.open();
    await revoking;
    expect(await Promise.all([stays, ends, other].map(whose))).toEqual([ada, undefined, ada]);
  });

  it('takes that of a sign-in that is to be refused', async () => {
    const ada = await start({ maxSessions: 2 });
    const stays = await signedIn(ada);
    const [writing, refusing] = held('update', 2);
    const late = app.browser();
    const pending = late.post(`/sign-in/${ada}`);
    await writing!.reached;
    const except = idIn(stays);
    const revoking = app.app.get(SessionService).revokeAll(ada, { except });
    await refusing!.reached;
    const other = await signedIn(ada);
    refusing!.open();
    await revoking;
    writing!.open();
    expect((await pending).status).toBe(401);
    expect(await Promise.all([stays, late, other].map(whose))).toEqual([ada, undefined, ada]);
  });

  it('is not refused for one that is to end', async () => {
    const ada = await start({ maxSessions: 1, onLimit: 'refuse' });
    const ends = await signedIn(ada);
    const [gate] = held('end', 1);
    const revoking = app.app.get(SessionService).revokeAll(ada);
    await gate!.reached;
    expect((await app.browser().post(`/sign-in/${ada}`)).status).toBe(200);
    gate!.open();
    await revoking;
    expect(await whose(ends)).toBeUndefined();
  });
});
