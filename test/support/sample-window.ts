import type { INestApplication } from '@nestjs/common';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
import { createApp } from '../../sample/create-app.js';
import { launchChromium } from './chromium.js';
import { RETRIED } from './retried.js';

const PHONE = { width: 320, height: 640 };

export async function startSample(): Promise<{ app: INestApplication; url: string }> {
  process.env['SESSION_SECRET'] = 'a secret for the sample, long enough to be one';
  const app = await createApp({ logger: false });
  await app.listen(0, '127.0.0.1');
  return { app, url: `http://localhost:${new URL(await app.getUrl()).port}` };
}

/** A browser’s window on a sample that is running, new for each test. */
export class SampleWindow {
  page!: Page;
  url!: string;

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  text(selector: string): Promise<string | null> {
    return this.page.locator(selector).textContent();
  }

  /** Waits until the page tells so, also to who does not see it. */
  says(what: string | RegExp): Promise<void> {
    return this.page.getByRole('status').getByText(what).waitFor();
  }
}

/** Tests in windows of a phone’s size, in which no script fails. */
export function describeSample(name: string, tests: (window: SampleWindow) => void): void {
  describe(name, { ...RETRIED, timeout: 20_000 }, () => {
    const window = new SampleWindow();
    const environment = { ...process.env };
    const errors: string[] = [];
    let chromium: Browser;
    let context: BrowserContext;
    let app: INestApplication;

    beforeAll(async () => {
      chromium = await launchChromium();
      ({ app, url: window.url } = await startSample());
    }, 30_000);
    afterAll(async () => {
      await chromium.close();
      await app.close();
      process.env = environment;
    });
    beforeEach(async () => {
      errors.length = 0;
      // A test that has failed may have left it killed.
      await fetch(`${window.url}/hold/redis/start`, { method: 'POST' });
      context = await chromium.newContext({ viewport: PHONE });
      window.page = await context.newPage();
      window.page.setDefaultTimeout(8_000);
      window.page.on('pageerror', (error) => errors.push(error.message));
    });
    afterEach(async () => {
      await context.close();
      expect(errors).toEqual([]);
    });

    tests(window);
  });
}
