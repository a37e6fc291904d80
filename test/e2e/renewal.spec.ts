import { Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { afterEach, expect, it } from 'vitest';
import { Session, SessionService } from 'nestjs-server-session';
import { age, idIn } from '../support/ageing.js';
import { Gate } from '../support/gated-backend.js';
import { onEveryBackend } from '../support/matrix.js';

const MINUTE_MS = 60_000;
const gates = new Map<string, Gate>();

@Controller()
class RenewalController {
  @Get('session')
  async show(@Session() session: Session, @Query('gate') gate = '') {
    await gates.get(gate)?.pass();
    return { id: session.id, generation: session.generation, data: { ...session } };
  }
  @Post('count')
  @HttpCode(200)
  async count(@Session() session: Session, @Query('gate') gate = '') {
    await gates.get(gate)?.pass();
    session.increment('visits');
  }
  @Post('sign-in')
  @HttpCode(200)
  async signIn(@Session() session: Session) {
    await session.regenerate();
    session.userId = 'ada';
  }
  @Post('sign-out')
  @HttpCode(200)
  async signOut(@Session() session: Session) {
    await session.destroy();
  }
}

const GRACE_MS = 30_000;
/** A process may hold the backend's clock for that much behind, on a machine that is busy. */
const BEHIND_MS = 1000;
const session = { renewInterval: '10m', renewGrace: GRACE_MS / 1000, touchInterval: '5m' };

onEveryBackend('renewal', { session, controllers: [RenewalController] }, (cell) => {
  afterEach(() => gates.clear());

  async function started() {
    const browser = cell.app.browser();
    await browser.post('/count');
    const id = idIn(browser);
    const pass = (ms: number) => age(cell.backend.backend, id, ms + BEHIND_MS);
    return { browser, pass };
  }
  type Shown = { id: string; generation: string; data: { visits?: number; userId?: string } };
  const show = async (browser: ReturnType<typeof cell.app.browser>) =>
    (await browser.get('/session')).json<Shown>();

  it('gives a session in use a new token after the interval, and not before; id and generation stay', async () => {
    const { pass, browser } = await started();
    const [token, before] = [browser.token, await show(browser)];
    await pass(9 * MINUTE_MS);
    expect(await show(browser)).toEqual(before);
    expect(browser.token).toBe(token);
    await pass(MINUTE_MS);
    await show(browser);
    const renewed = browser.token;
    expect(renewed).not.toBe(token);
    expect(await show(browser)).toEqual(before);
    expect(browser.token).toBe(renewed);
    await pass(10 * MINUTE_MS + 1000);
    await show(browser);
    expect(browser.token).not.toBe(renewed);
  });

  it('parallel requests of one page all keep their changes, and one new token is given', async () => {
    const { pass, browser } = await started();
    await pass(11 * MINUTE_MS);
    const names = Array.from({ length: 10 }, (_, index) => `g${index}`);
    for (const name of names) gates.set(name, new Gate());
    const copies = names.map(() => browser.copy());
    const running = copies.map((copy, index) => copy.post(`/count?gate=g${index}`));
    await Promise.all([...gates.values()].map((gate) => gate.reached));
    for (const gate of gates.values()) gate.open();
    const answers = await Promise.all(running);
    expect(answers.map((answer) => answer.status)).toEqual(names.map(() => 200));
    const given = copies.filter((copy) => copy.token !== browser.token);
    expect(given).toHaveLength(1);
    expect((await show(given[0]!)).data).toEqual({ visits: 11 });
    expect((await show(browser)).data).toEqual({ visits: 11 });
  });

  it('the old token finds the session for the grace, and no longer', async () => {
    const { pass, browser } = await started();
    const old = browser.copy();
    await pass(11 * MINUTE_MS);
    await show(browser);
    await old.post('/count');
    expect(old.token).not.toBe(browser.token);
    expect((await show(browser)).data).toEqual({ visits: 2 });
    await pass(GRACE_MS);
    expect((await show(old)).data).toEqual({});
    expect((await show(browser)).data).toEqual({ visits: 2 });
  });

  it('regenerate gives no grace, not even to a token within one', async () => {
    const { pass, browser } = await started();
    const oldest = browser.copy();
    await pass(11 * MINUTE_MS);
    await show(browser);
    const old = browser.copy();
    await browser.post('/sign-in');
    expect((await show(browser)).data).toEqual({ visits: 1, userId: 'ada' });
    expect((await show(old)).data).toEqual({});
    expect((await show(oldest)).data).toEqual({});
  });

  it('regenerate works while another request renews', async () => {
    const { pass, browser } = await started();
    await pass(11 * MINUTE_MS);
    const [renewing, signingIn] = [browser.copy(), browser.copy()];
    await Promise.all([show(renewing), signingIn.post('/sign-in')]);
    const { data } = await show(signingIn);
    expect(data.userId).toBe('ada');
  });

  it.each(['sign-out', 'revoke'])('%s ends the session, though it was renewed', async (how) => {
    const { pass, browser } = await started();
    const old = browser.copy();
    const { id } = await show(browser);
    await pass(11 * MINUTE_MS);
    await show(browser);
    if (how === 'revoke') await cell.app.app.get(SessionService).revoke(id);
    else await old.post('/sign-out');
    expect((await show(browser)).data).toEqual({});
    expect((await show(old)).data).toEqual({});
  });

  it('a request that was under way when the session was renewed and then ended is dead', async () => {
    const { pass, browser } = await started();
    const slow = browser.copy();
    const gate = new Gate();
    gates.set('slow', gate);
    const running = slow.post('/count?gate=slow');
    await gate.reached;
    await pass(11 * MINUTE_MS);
    await show(browser);
    await browser.post('/sign-out');
    gate.open();
    expect((await running).told).toEqual([]);
    expect((await show(slow)).data).toEqual({});
  });
});
