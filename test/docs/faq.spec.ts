import type { Type } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseSetCookie } from 'cookie';
import { ADAPTERS, TestApp } from '../support/app.js';
import { importExample } from '../support/examples.js';

const { RememberController } = await importExample<{ RememberController: Type }>(
  'docs/faq.md',
  'RememberController',
);
const DAY_S = 24 * 3600;

describe.each(ADAPTERS)('“remember me” of docs/faq.md, on %s', (adapter) => {
  let app: TestApp;
  beforeEach(async () => {
    app = await TestApp.start({ adapter, controllers: [RememberController] });
  });
  afterEach(() => app.stop());

  const cookieOf = async (body: object) => {
    const { setCookies } = await app.browser().postJson('/sign-in', body);
    return parseSetCookie(setCookies[0]!);
  };

  it('has the cookie live for weeks where it is asked for, and else as long as the browser', async () => {
    const { maxAge } = await cookieOf({ user: 'ada', remember: true });
    expect(maxAge).toBeGreaterThan(29 * DAY_S);
    expect((await cookieOf({ user: 'ada' })).maxAge).toBeUndefined();
  });
});
