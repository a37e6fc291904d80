import { expect, it } from 'vitest';
import { brokenTargets, isCovered, paleTexts } from '../support/page-checks.js';
import { describeSample } from '../support/sample-window.js';

const WIDTHS = [320, 768, 1280, 1920];

describeSample('each page of the sample, in Chromium,', (window) => {
  it.each(['/', '/hold'])('fits windows and fingers at %s', async (path) => {
    await window.page.goto(window.url + path);
    await window.page.waitForLoadState('networkidle');
    if (path === '/') await window.button('Add Stoneware teapot to the cart').click();
    for (const width of WIDTHS) {
      await window.page.setViewportSize({ width, height: 800 });
      expect(await window.page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      expect(await brokenTargets(window.page)).toEqual([]);
    }
  });

  it.each(['light', 'dark'] as const)('is read where windows are %s', async (colorScheme) => {
    await window.page.emulateMedia({ colorScheme });
    await window.page.goto(window.url);
    await window.button('Add Stoneware teapot to the cart').click();
    await window.button('Place the order').click();
    await window.says('Please sign in first.');
    expect(await paleTexts(window.page)).toEqual([]);

    await window.page.goto(`${window.url}/hold`);
    for (const device of ['Phone', 'Laptop']) await window.button(`Sign in (${device})`).click();
    await window.page.getByText('Socket open').nth(1).waitFor();
    await window.button('Sign the other one out (Phone)').click();
    await window.page.getByText('Closed from outside').waitFor();
    expect(await paleTexts(window.page)).toEqual([]);
  });

  it('is used by keyboard alone', async () => {
    await window.page.goto(window.url);
    await window.page.getByText('Sencha').waitFor();
    await window.page.keyboard.press('Tab');
    await window.page.keyboard.press('Tab');
    await window.page.keyboard.press('Enter');
    await window.page.waitForURL(`${window.url}/hold`);
    await window.page.getByRole('heading', { level: 1, name: 'See it hold' }).waitFor();

    const reached = async (name: string) => {
      for (let presses = 0; presses < 30; presses += 1) {
        await window.page.keyboard.press('Tab');
        if (await window.button(name).evaluate((element) => element.matches(':focus-visible')))
          return;
      }
      throw new Error(`${name} is not reached`);
    };
    await reached('Send 50 at once');
    await window.page.keyboard.press('Enter');
    await window.says('Lost here: none');
    await reached('Sign in (Phone)');
    await window.page.keyboard.press('Enter');
    await window.button('Sign the other one out (Phone)').waitFor();
    // The button that was pressed has gone: its place has the focus.
    await expect
      .poll(() =>
        window.button('Sign the other one out (Phone)').evaluate((one) => one.matches(':focus')),
      )
      .toBe(true);
    await reached('Sign out (Phone)');
    await window.page.keyboard.press('Space');
    await window.says('The Phone has signed out.');
  });

  it('leads to the form whoever has to sign in first, and says who has signed out', async () => {
    await window.page.goto(window.url);
    await window.button('Add Stoneware teapot to the cart').click();
    await window.button('Place the order').click();
    await window.says('Please sign in first.');
    const name = window.page.getByLabel('Name');
    expect(await name.evaluate((one) => one.matches(':focus'))).toBe(true);
    for (const each of [
      name,
      window.page.getByLabel('Password'),
      window.button('Sign in'),
      window.page.locator('#account-notice'),
    ]) {
      expect(await isCovered(each)).toBe(false);
    }

    await window.page.keyboard.type('ada');
    await window.page.getByLabel('Password').fill('wrong');
    await window.page.keyboard.press('Enter');
    await window.says('The name or the password is wrong.');
    await window.page.getByLabel('Password').fill('analytical-engine');
    await window.page.keyboard.press('Enter');
    await window.button('Sign out').click();
    await window.says('You have signed out.');
    expect(await isCovered(window.page.locator('#account-notice'))).toBe(false);
  });
});
