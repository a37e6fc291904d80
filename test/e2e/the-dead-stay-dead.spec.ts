import { expect, it } from 'vitest';
import { SessionService } from 'nestjs-server-session';
import { age, idIn } from '../support/ageing.js';
import { gate, InterleavingController } from '../support/interleaving-controller.js';
import { onEveryBackend } from '../support/matrix.js';

const session = { idleTimeout: '1h', touchInterval: 0 };

onEveryBackend('the dead stay dead', { session, controllers: [InterleavingController] }, (cell) => {
  async function started() {
    const browser = cell.app.browser();
    await browser.post('/set/1');
    return browser;
  }

  /** Ends the session of a browser in one of the ways in which a session can end. */
  const ends = {
    destroyed: (browser: Awaited<ReturnType<typeof started>>) => browser.copy().post('/sign-out'),
    'signed in': (browser) => browser.copy().post('/sign-in'),
    revoked: (browser) => cell.app.app.get(SessionService).revoke(idIn(browser)),
  } satisfies Record<string, (browser: Awaited<ReturnType<typeof started>>) => Promise<unknown>>;

  const requests = ['/set/2', '/increment', '/delete/1', '/touch', '/save', '/regenerate'];
  const table = Object.keys(ends).flatMap((how) => requests.map((path) => [how, path] as const));

  it.each(table)('%s while POST %s runs: what it knew stays dead', async (how, path) => {
    const browser = await started();
    const old = browser.copy();
    const slow = gate('slow');
    const running = browser.copy().post(`${path}?gate=slow`);
    await slow.reached;
    await ends[how as keyof typeof ends](browser);
    slow.open();
    const answer = await running;
    expect(answer.status).toBe(200);
    expect(answer.told).toEqual([]);
    if (path === '/save') expect(answer.text).toBe('SessionGoneError');

    expect((await old.get('/session')).json()).toEqual({});
  });

  it.each(Object.keys(ends))(
    '%s while a request signs in: a new session begins, with what that set and nothing else',
    async (how) => {
      const browser = await started();
      const slow = browser.copy();
      const waiting = gate('slow');
      const running = slow.post('/sign-in?gate=slow');
      await waiting.reached;
      await ends[how as keyof typeof ends](browser);
      waiting.open();
      expect((await running).told).toHaveLength(1);
      expect(idIn(slow)).not.toBe(idIn(browser));
      expect((await slow.get('/session')).json()).toEqual({ userId: 'ada' });
    },
  );

  it('expired while a request runs: it stays so', async () => {
    const browser = await started();
    const slow = gate('slow');
    const running = browser.copy().post('/set/2?gate=slow');
    await slow.reached;
    await age(cell.backend.backend, idIn(browser), 3_601_000);
    slow.open();
    expect((await running).told).toEqual([]);
    expect((await browser.get('/session')).json()).toEqual({});
  });

  it('expired: it is not begun again under its token', async () => {
    const browser = await started();
    const id = idIn(browser);
    await age(cell.backend.backend, id, 3_601_000);
    expect((await browser.get('/session')).json()).toEqual({});
    const answer = await browser.post('/set/2');
    expect(answer.told).toHaveLength(1);
    expect(idIn(browser)).not.toBe(id);
    expect((await browser.get('/session')).json()).toEqual({ field2: 2 });
  });

  it('a token that nobody was given is not adopted', async () => {
    const browser = await started();
    const token = browser.token;
    await browser.copy().post('/sign-out');
    await browser.post('/set/5');
    expect(browser.token).not.toBe(token);
  });

  it('two sign-ins at once end in usable sessions', async () => {
    const browser = await started();
    const [one, two] = [browser.copy(), browser.copy()];
    const gates = [gate('one'), gate('two')];
    const running = [one.post('/sign-in?gate=one'), two.post('/sign-in?gate=two')];
    await Promise.all(gates.map((each) => each.reached));
    for (const each of gates) each.open();
    for (const answer of await Promise.all(running)) {
      expect([answer.status, answer.told.length]).toEqual([200, 1]);
    }
    const seen = await Promise.all(
      [one, two].map(async (each) => (await each.get('/session')).json()),
    );
    expect(seen).toEqual([
      expect.objectContaining({ userId: 'ada' }),
      expect.objectContaining({ userId: 'ada' }),
    ]);
    expect((await browser.get('/session')).json()).toEqual({});
  });
});
