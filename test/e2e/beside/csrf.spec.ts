import { Controller, Get, Req, Res } from '@nestjs/common';
import csrfProtection from '@fastify/csrf-protection';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { Session } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../../support/app.js';
import type { Browser } from '../../support/browser.js';
import { importCsrfRecipe } from '../../support/recipes.js';

const CELLS = ADAPTERS.flatMap((adapter) =>
  (['eager', 'lazy'] as const).map((load) => ({
    name: adapter === 'express' ? 'csrf-csrf' : '@fastify/csrf-protection',
    adapter,
    load,
  })),
);

/** Whose names follow what they leave out of the recipe. */
@Controller()
class OtherController {
  /** csrf-csrf's token of a session that nothing is put into. */
  @Get('unstored')
  unstored(@Req() request: { csrfToken(): string }) {
    return { csrf: request.csrfToken() };
  }
  @Get('without-options')
  withoutOptions(@Res({ passthrough: true }) reply: FastifyReply) {
    return { csrf: reply.generateCsrf() };
  }
  @Get('with-options')
  withOptions(@Session() session: Session, @Res({ passthrough: true }) reply: FastifyReply) {
    return { csrf: reply.generateCsrf({ userInfo: session.generation }) };
  }
}

const tokenOf = async (browser: Browser, path = '/csrf') => {
  const answer = await browser.get(path);
  return answer.json<{ csrf: string }>().csrf;
};
const by = (token?: string): Record<string, string> =>
  token === undefined ? {} : { 'x-csrf-token': token };
const transfer = async (browser: Browser, token?: string) =>
  (await browser.post('/transfer', by(token))).status;

describe.each(CELLS)('$name, load: $load', ({ adapter, load }) => {
  let app: TestApp;
  beforeAll(async () => {
    process.env['CSRF_SECRET'] = 'a secret for CSRF tokens of 32 characters or more';
    const { FormModule, useCsrf } = await importCsrfRecipe(adapter);
    app = await TestApp.start({
      adapter,
      session: { load },
      imports: [FormModule],
      controllers: [OtherController],
      prepare: useCsrf,
    });
  });
  afterAll(() => app.stop());

  it('an anonymous visitor’s own token is taken, time after time, and nothing else', async () => {
    const browser = app.browser();
    const stranger = app.browser();
    const [token, other] = [await tokenOf(browser), await tokenOf(stranger)];
    expect(await transfer(browser, token)).toBe(200);
    expect(await transfer(browser, token)).toBe(200);
    expect(await transfer(browser)).toBe(403);
    expect(await transfer(browser, other)).toBe(403);
    expect(await transfer(app.browser(), token)).toBe(403);
  });

  it('whose session is not stored yet, and has no token, is refused', async () => {
    expect(await transfer(app.browser())).toBe(403);
    expect(await transfer(app.browser(), 'guess')).toBe(403);
  });

  if (adapter === 'express') {
    it('a token of a session that nothing is put into is refused at the next request', async () => {
      const browser = app.browser();
      const token = await tokenOf(browser, '/unstored');
      expect(Object.keys(browser.cookies)).toEqual([expect.stringContaining('csrf')]);
      expect(await transfer(browser, token)).toBe(403);
    });
  }

  it('a token from before a sign-in is worthless after it; the answer brings another', async () => {
    const browser = app.browser();
    const before = await tokenOf(browser);
    const cookies = { ...browser.cookies };
    const answer = await browser.post('/sign-in', by(before));
    expect(answer.status).toBe(200);
    const { csrf: after } = answer.json<{ csrf: string }>();
    expect(await transfer(browser, after)).toBe(200);
    const tricked = browser.copy();
    // What a page of another host of the same site can put back, whatever the sign-in has set.
    Object.assign(tricked.cookies, cookies, { sid: browser.cookies['sid'] });
    expect(await transfer(tricked, before)).toBe(403);
    expect(await transfer(browser, before)).toBe(403);
    expect(await transfer(browser, await tokenOf(browser))).toBe(200);
  });
});

describe('what docs/recipes.md says does not work', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ adapter: 'fastify', controllers: [OtherController], prepare });
    async function prepare(nest: unknown) {
      const sessionPlugin = '@fastify/secure-session';
      await (nest as NestFastifyApplication).register(csrfProtection, { sessionPlugin });
    }
  });
  afterAll(() => app.stop());

  it('@fastify/csrf-protection for secure-session knows a session, but can’t give it options', async () => {
    const answer = await app.browser().get('/without-options');
    expect(answer.json()).toEqual({ csrf: expect.any(String) });
    expect(answer.setCookies).toHaveLength(1);
    expect((await app.browser().get('/with-options')).status).toBe(500);
    expect(app.logs.lines.join()).toContain('session.options is not a function');
  });
});
