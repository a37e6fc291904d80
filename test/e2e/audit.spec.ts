import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SessionService } from 'nestjs-server-session';
import { idIn } from '../support/ageing.js';
import { onEveryBackend } from '../support/matrix.js';
import { PrincipalController } from '../support/principal-controller.js';

const NAMES = ['begin', 'sign-in', 'sign-out', 'new-token', 'end'];
const told: [name: string, message: object][] = [];
const listeners = NAMES.map(
  (name) =>
    [
      `nestjs-server-session:${name}`,
      (message: unknown) => told.push([name, message as object]),
    ] as const,
);

let users = 0;
const user = () => `audited-${++users}`;
const parts = {
  session: { idleTimeout: '1h', principals: { maxSessions: 2 } },
  controllers: [PrincipalController],
};

onEveryBackend('an audit trail', parts, (cell) => {
  const sessions = () => cell.app.app.get(SessionService);
  beforeEach(() => {
    told.length = 0;
    for (const [name, listener] of listeners) subscribe(name, listener);
  });
  afterEach(() => {
    for (const [name, listener] of listeners) unsubscribe(name, listener);
  });
  /** What was told since the last look. */
  const news = () => told.splice(0);

  it('tells of a visitor’s session from its begin to its end', async () => {
    const browser = cell.app.browser();
    await browser.get('/me');
    expect(news()).toEqual([]);
    await browser.post('/set/cart');
    const id = idIn(browser);
    expect(news()).toEqual([['begin', { id }]]);
    await browser.get('/me');
    await browser.post('/set/other');
    expect(news()).toEqual([]);
    await browser.post('/sign-out');
    expect(news()).toEqual([['end', { id, principal: undefined, reason: 'destroyed' }]]);
    await browser.post('/sign-out');
    await sessions().revoke(id);
    expect(news()).toEqual([]);
  });

  it('tells of sign-ins, and why each session ends', async () => {
    const [ada, bob] = [user(), user()];
    const [one, two, three] = [cell.app.browser(), cell.app.browser(), cell.app.browser()];
    await one.post(`/sign-in/${ada}`);
    const first = idIn(one);
    expect(news()).toEqual([
      ['begin', { id: first }],
      ['sign-in', { id: first, principal: ada }],
    ]);
    await two.post('/set/cart');
    await two.post(`/sign-in/${ada}`);
    await three.post(`/sign-in/${ada}`);
    const [second, third] = [idIn(two), idIn(three)];
    const ends = () => news().filter(([name]) => name === 'end');
    expect(ends()).toEqual([['end', { id: first, principal: ada, reason: 'limit' }]]);
    await two.post('/sign-out-elsewhere');
    expect(ends()).toEqual([['end', { id: third, principal: ada, reason: 'revoked' }]]);
    await two.post(`/sign-in/${bob}`);
    expect(ends()).toEqual([['end', { id: second, principal: ada, reason: 'destroyed' }]]);
    await sessions().revoke(idIn(two), { principal: bob });
    expect(ends()).toEqual([['end', { id: idIn(two), principal: bob, reason: 'revoked' }]]);
  });

  it('tells of new tokens, and tells none', async () => {
    const ada = user();
    const browser = cell.app.browser();
    await browser.post(`/sign-in/${ada}`);
    const id = idIn(browser);
    news();
    await browser.post('/regenerate');
    const last = news();
    expect(last).toEqual([['new-token', { id, principal: ada, cause: 'regenerate' }]]);
    const secret = browser.token!.slice(22, 40);
    expect(JSON.stringify(last)).not.toContain(secret);
  });
});
