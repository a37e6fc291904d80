import type { INestApplication } from '@nestjs/common';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '../../sample/create-app.js';
import { RedisProcess } from '../../sample/hold/redis/redis-process.js';
import { launchChromium } from '../support/chromium.js';
import { RETRIED } from '../support/retried.js';
import { brokenTargets, isCovered, paleTexts } from '../support/page-checks.js';

const PHONE = { width: 320, height: 640 };
const WIDTHS = [320, 768, 1280, 1920];

async function start(): Promise<{ app: INestApplication; url: string }> {
  process.env['SESSION_SECRET'] = 'a secret for the sample, long enough to be one';
  const app = await createApp({ logger: false });
  await app.listen(0, '127.0.0.1');
  return { app, url: `http://localhost:${new URL(await app.getUrl()).port}` };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('the sample in Chromium', { ...RETRIED, timeout: 20_000 }, () => {
  let chromium: Browser;
  let context: BrowserContext;
  let page: Page;
  let app: INestApplication;
  let url: string;
  const environment = { ...process.env };
  const errors: string[] = [];

  beforeAll(async () => {
    chromium = await launchChromium();
    ({ app, url } = await start());
  }, 30_000);
  afterAll(async () => {
    await chromium.close();
    await app.close();
    process.env = environment;
  });
  beforeEach(async () => {
    errors.length = 0;
    context = await chromium.newContext({ viewport: PHONE });
    page = await context.newPage();
    page.setDefaultTimeout(8_000);
    page.on('pageerror', (error) => errors.push(error.message));
  });
  afterEach(async () => {
    await context.close();
    expect(errors).toEqual([]);
  });

  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const text = (selector: string) => page.locator(selector).textContent();
  const says = (what: string | RegExp) => page.getByRole('status').getByText(what).waitFor();

  it('keeps all of 50 requests at once, beside an express-session that does not', async () => {
    await page.goto(`${url}/hold`);
    for (const _again of [1, 2]) {
      await button('Send 50 at once').click();
      await says('Lost here: none');
      expect(await text('#race-here-score')).toBe('50 of 50 kept');
      expect(await page.locator('#race-here .kept').count()).toBe(50);
      const others = await page.locator('#race-express-session .kept').count();
      expect(others).toBeGreaterThan(0);
      expect(others).toBeLessThan(50);
      expect(await text('#race-express-session-score')).toBe(`${others} of 50 kept`);
    }
  });

  it('ends the socket of the device that the other one signs out', async () => {
    await page.goto(`${url}/hold`);
    for (const device of ['Phone', 'Laptop']) await button(`Sign in (${device})`).click();
    const panel = (name: string) => page.getByRole('region', { name, exact: true });
    for (const device of ['Phone', 'Laptop'])
      await panel(device).getByText('Socket open').waitFor();
    await button('Sign the other one out (Phone)').click();
    await panel('Laptop')
      .getByText(/^Closed from outside, \d+ ms after the press$/)
      .waitFor();
    await says('The Laptop’s socket was closed');
    await panel('Phone').getByText('Socket open').waitFor();

    await button('Sign out (Phone)').click();
    await panel('Phone').getByText('Socket closed: session ended').waitFor();
    await says('The Phone has signed out.');
  });

  it('answers 503 while Redis is dead and 200 when it is back, with nothing lost', async () => {
    await page.goto(`${url}/hold`);
    await button('Send requests').click();
    await page.locator('#beats .ok').nth(1).waitFor();
    await button('Kill Redis').click();
    await says(/^Answered 503 since \d+ ms after the kill/);
    await page.locator('#beats .down').nth(1).waitFor();
    await button('Send 50 at once').click();
    await says('Redis is not running');

    await button('Start Redis again').click();
    await says(/^Answered 200 again, \d+ ms after the start\. Nothing is lost\.$/);
    await button('Stop sending').click();
    // More where one was answered 503 that Redis had done before it was killed.
    expect(Number(await text('#beats-kept'))).toBeGreaterThanOrEqual(
      Number(await text('#beats-answered')),
    );
    await button('Send 50 at once').click();
    await says('Lost here: none');
  });

  it('counts the commands of each request', async () => {
    await page.goto(`${url}/hold`);
    await button('Count the commands').click();
    await says('Counted just now.');
    const rows = await page.locator('#commands tr').all();
    const numbers = rows.map(async (row) =>
      (await row.locator('strong').allTextContents()).map(Number),
    );
    expect(await Promise.all(numbers)).toEqual([
      [0, 0],
      [1, 2],
      [2, 2],
      [3, 4],
    ]);
  });

  it('shows its own code, and nothing else', async () => {
    await page.goto(`${url}/hold`);
    const links = await page.locator('a.code').all();
    expect(links.length).toBeGreaterThan(8);
    for (const link of links) {
      const { status, text: code } = await fetched(
        new URL((await link.getAttribute('href'))!, url).href,
      );
      expect(status).toBe(200);
      expect(code).toContain('export ');
    }
    for (const path of [
      '..%2fpackage.json',
      '%2e%2e/package.json',
      'tsconfig.json',
      'hold',
      '%2fetc%2fpasswd',
    ]) {
      expect((await fetched(`${url}/source/${path}`)).status).toBe(404);
    }
  });

  it.each(['/', '/hold'])('fits windows and fingers at %s', async (path) => {
    await page.goto(url + path);
    await page.waitForLoadState('networkidle');
    if (path === '/') await button('Add Stoneware teapot to the cart').click();
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      expect(await brokenTargets(page)).toEqual([]);
    }
  });

  it.each(['light', 'dark'] as const)('is read where windows are %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await page.goto(url);
    await button('Add Stoneware teapot to the cart').click();
    await button('Place the order').click();
    await says('Please sign in first.');
    expect(await paleTexts(page)).toEqual([]);

    await page.goto(`${url}/hold`);
    for (const device of ['Phone', 'Laptop']) await button(`Sign in (${device})`).click();
    await page.getByText('Socket open').nth(1).waitFor();
    await button('Sign the other one out (Phone)').click();
    await page.getByText('Closed from outside').waitFor();
    expect(await paleTexts(page)).toEqual([]);
  });

  it('is used by keyboard alone', async () => {
    await page.goto(url);
    await page.getByText('Sencha').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${url}/hold`);
    await page.getByRole('heading', { level: 1, name: 'See it hold' }).waitFor();

    const reached = async (name: string) => {
      for (let presses = 0; presses < 30; presses += 1) {
        await page.keyboard.press('Tab');
        if (await button(name).evaluate((element) => element.matches(':focus-visible'))) return;
      }
      throw new Error(`${name} is not reached`);
    };
    await reached('Send 50 at once');
    await page.keyboard.press('Enter');
    await says('Lost here: none');
    await reached('Sign in (Phone)');
    await page.keyboard.press('Enter');
    await button('Sign the other one out (Phone)').waitFor();
    // The button that was pressed has gone: its place has the focus.
    await expect
      .poll(() => button('Sign the other one out (Phone)').evaluate((one) => one.matches(':focus')))
      .toBe(true);
    await reached('Sign out (Phone)');
    await page.keyboard.press('Space');
    await says('The Phone has signed out.');
  });

  it('leads to the form whoever has to sign in first, and says who has signed out', async () => {
    await page.goto(url);
    await button('Add Stoneware teapot to the cart').click();
    await button('Place the order').click();
    await says('Please sign in first.');
    const name = page.getByLabel('Name');
    expect(await name.evaluate((one) => one.matches(':focus'))).toBe(true);
    for (const each of [
      name,
      page.getByLabel('Password'),
      button('Sign in'),
      page.locator('#account-notice'),
    ]) {
      expect(await isCovered(each)).toBe(false);
    }

    await page.keyboard.type('ada');
    await page.getByLabel('Password').fill('wrong');
    await page.keyboard.press('Enter');
    await says('The name or the password is wrong.');
    await page.getByLabel('Password').fill('analytical-engine');
    await page.keyboard.press('Enter');
    await button('Sign out').click();
    await says('You have signed out.');
    expect(await isCovered(page.locator('#account-notice'))).toBe(false);
  });

  it('leaves no Redis behind, whatever is open', async () => {
    const other = await start();
    const { pid } = other.app.get(RedisProcess);
    await page.goto(`${other.url}/hold`);
    await button('Sign in (Phone)').click();
    await page.getByText('Socket open').waitFor();
    expect(isAlive(pid!)).toBe(true);
    await other.app.close();
    expect(isAlive(pid!)).toBe(false);
  });

  it('says so where there is no redis-server, and shows the rest', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = '/nowhere';
    const other = await start().finally(() => (process.env['PATH'] = path));
    try {
      await page.goto(`${other.url}/hold`);
      await page.getByText('There is no redis-server on this machine').waitFor();
      expect(await button('Kill Redis').isVisible()).toBe(false);
      expect(await button('Count the commands').isVisible()).toBe(false);
      await button('Send 50 at once').click();
      await says('Lost here: none');
      await button('Sign in (Phone)').click();
      await page.getByText('Socket open').waitFor();
    } finally {
      await other.app.close();
    }
  });
});

/** As it is written: a browser would tidy the path. */
async function fetched(url: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
}
