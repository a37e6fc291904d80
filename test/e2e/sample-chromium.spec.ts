import { expect, it } from 'vitest';
import { RedisProcess } from '../../sample/hold/redis/redis-process.js';
import { describeSample, startSample } from '../support/sample-window.js';

describeSample('“See it hold” of the sample, in Chromium,', (window) => {
  it('keeps all of 50 requests at once, beside an express-session that does not', async () => {
    await window.page.goto(`${window.url}/hold`);
    for (const _again of [1, 2]) {
      await window.button('Send 50 at once').click();
      await window.says('Lost here: none');
      expect(await window.text('#race-here-score')).toBe('50 of 50 kept');
      expect(await window.page.locator('#race-here .kept').count()).toBe(50);
      const others = await window.page.locator('#race-express-session .kept').count();
      expect(others).toBeGreaterThan(0);
      expect(others).toBeLessThan(50);
      expect(await window.text('#race-express-session-score')).toBe(`${others} of 50 kept`);
    }
  });

  it('ends the socket of the device that the other one signs out', async () => {
    await window.page.goto(`${window.url}/hold`);
    for (const device of ['Phone', 'Laptop']) await window.button(`Sign in (${device})`).click();
    const panel = (name: string) => window.page.getByRole('region', { name, exact: true });
    for (const device of ['Phone', 'Laptop'])
      await panel(device).getByText('Socket open').waitFor();
    await window.button('Sign the other one out (Phone)').click();
    await panel('Laptop')
      .getByText(/^Closed from outside, \d+ ms after the press$/)
      .waitFor();
    await window.says('The Laptop’s socket was closed');
    await panel('Phone').getByText('Socket open').waitFor();

    await window.button('Sign out (Phone)').click();
    await panel('Phone').getByText('Socket closed: session ended').waitFor();
    await window.says('The Phone has signed out.');
  });

  it('answers 503 while Redis is dead and 200 when it is back, with nothing lost', async () => {
    await window.page.goto(`${window.url}/hold`);
    await window.button('Send requests').click();
    await window.page.locator('#beats .ok').nth(1).waitFor();
    await window.button('Kill Redis').click();
    await window.says(/^Answered 503 since \d+ ms after the kill/);
    await window.page.locator('#beats .down').nth(1).waitFor();
    await window.button('Send 50 at once').click();
    await window.says('Redis is not running');

    await window.button('Start Redis again').click();
    await window.says(/^Answered 200 again, \d+ ms after the start\. Nothing is lost\.$/);
    await window.button('Stop sending').click();
    // More where one was answered 503 that Redis had done before it was killed.
    expect(Number(await window.text('#beats-kept'))).toBeGreaterThanOrEqual(
      Number(await window.text('#beats-answered')),
    );
    await window.button('Send 50 at once').click();
    await window.says('Lost here: none');
  });

  it('counts the commands of each request', async () => {
    await window.page.goto(`${window.url}/hold`);
    await window.button('Count the commands').click();
    await window.says('Counted just now.');
    const rows = await window.page.locator('#commands tr').all();
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
    await window.page.goto(`${window.url}/hold`);
    const links = await window.page.locator('a.code').all();
    expect(links.length).toBeGreaterThan(8);
    for (const link of links) {
      const { status, text: code } = await fetched(
        new URL((await link.getAttribute('href'))!, window.url).href,
      );
      expect(status).toBe(200);
      expect(code).toContain('export ');
    }
    for (const path of ['..%2fpackage.json', 'tsconfig.json', 'hold', '%2fetc%2fpasswd']) {
      expect((await fetched(`${window.url}/source/${path}`)).status).toBe(404);
    }
  });

  it('leaves no Redis behind, whatever is open', async () => {
    const other = await startSample();
    const { pid } = other.app.get(RedisProcess);
    await window.page.goto(`${other.url}/hold`);
    await window.button('Sign in (Phone)').click();
    await window.page.getByText('Socket open').waitFor();
    expect(isAlive(pid!)).toBe(true);
    await other.app.close();
    expect(isAlive(pid!)).toBe(false);
  });

  it('says so where there is no redis-server, and shows the rest', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = '/nowhere';
    const other = await startSample().finally(() => (process.env['PATH'] = path));
    try {
      await window.page.goto(`${other.url}/hold`);
      await window.page.getByText('There is no redis-server on this machine').waitFor();
      expect(await window.button('Kill Redis').isVisible()).toBe(false);
      expect(await window.button('Count the commands').isVisible()).toBe(false);
      await window.button('Send 50 at once').click();
      await window.says('Lost here: none');
      await window.button('Sign in (Phone)').click();
      await window.page.getByText('Socket open').waitFor();
    } finally {
      await other.app.close();
    }
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function fetched(url: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
}
