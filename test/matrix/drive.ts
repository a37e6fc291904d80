import assert from 'node:assert/strict';
import { Browser } from '../support/browser.js';

/** Uses an application of the template as a browser does. @throws AssertionError where it does not keep what is promised */
export async function drive(url: string): Promise<void> {
  const browser = new Browser(url);
  assert.equal((await browser.get('/me')).setCookies.length, 0, 'no cookie for nothing');
  for (const visits of ['1', '2']) assert.equal((await browser.get('/visits')).text, visits);
  const parallel = Array.from({ length: 20 }, () => browser.get('/count'));
  for (const { status } of await Promise.all(parallel)) assert.equal(status, 200);
  assert.equal((await browser.get('/visits')).text, '23', 'no write is lost');
  const same = (await browser.get('/same')).json();
  assert.deepEqual(same, { isSame: true, isGuarded: true });
  await signInAndOut(url, browser);
}

async function signInAndOut(url: string, browser: Browser): Promise<void> {
  const before = new Browser(url);
  Object.assign(before.cookies, browser.cookies);
  assert.equal((await browser.post('/sign-in/ada')).status, 201);
  assert.notDeepEqual(browser.cookies, before.cookies, 'a new token');
  assert.deepEqual((await browser.get('/me')).json(), { userId: 'ada' });
  assert.deepEqual((await before.get('/me')).json(), { userId: null }, 'the old token is dead');
  const after = new Browser(url);
  Object.assign(after.cookies, browser.cookies);
  assert.equal((await browser.post('/sign-out')).status, 201);
  assert.deepEqual(browser.cookies, {}, 'the cookie is cleared');
  assert.deepEqual((await after.get('/me')).json(), { userId: null }, 'the dead stay dead');
}
