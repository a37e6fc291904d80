import type { Type } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseSetCookie } from 'cookie';
import { ADAPTERS, TestApp } from '../support/app.js';
import { importExample } from '../support/examples.js';

const { RememberController } = await importExample<{ RememberController: Type }>(
  'docs/faq.md',
  'RememberController',
);
const { EagerController } = await importExample<{ EagerController: Type }>(
  'docs/faq.md',
  'EagerController',
);
const DAY_S = 24 * 3600;

describe.each(ADAPTERS)('docs/faq.md, on %s', (adapter) => {
  let app: TestApp;
  beforeEach(async () => {
    app = await TestApp.start({
      adapter,
      session: { load: 'lazy' },
      controllers: [RememberController, EagerController],
    });
  });
  afterEach(() => app.stop());

  const cookieOf = async (body: object) => {
    const { setCookies } = await app.browser().postJson('/sign-in', body);
    return parseSetCookie(setCookies[0]!);
  };

  it('has the cookie of “remember me” live for weeks where it is asked for, and else as long as the browser', async () => {
    const { maxAge } = await cookieOf({ user: 'ada', remember: true });
    expect(maxAge).toBeGreaterThan(29 * DAY_S);
    expect((await cookieOf({ user: 'ada' })).maxAge).toBeUndefined();
  });

  it('has the session of one controller loaded where the application is lazy', async () => {
    const browser = app.browser();
    expect((await browser.get('/eager')).json()).toEqual({ principal: null });
    await browser.postJson('/sign-in', { user: 'ada' });
    expect((await browser.get('/eager')).json()).toEqual({ principal: 'ada' });
  });
});
