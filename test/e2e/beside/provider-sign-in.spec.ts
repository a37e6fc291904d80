import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryBackend } from 'nestjs-server-session';
import { TestApp } from '../../support/app.js';
import type { Answer, Browser } from '../../support/browser.js';
import { Gate, GatedBackend } from '../../support/gated-backend.js';
import { startIdentityProvider } from '../../support/identity-provider.js';
import { PROVIDER_APPS, useProvider } from '../../support/provider-apps.js';
import { importPassportRecipe } from '../../support/recipes.js';

const CELLS = PROVIDER_APPS.flatMap((app) =>
  (['eager', 'lazy'] as const).map((load) => ({ ...app, load })),
);

let provider: TestApp;
beforeAll(async () => {
  provider = await startIdentityProvider();
  useProvider(provider.url);
});
afterAll(() => provider.stop());

const locationOf = ({ headers }: Pick<Answer, 'headers'>) => headers.get('location')!;

/** Where the provider sends a browser that an application has sent there. */
async function comeBack(sent: Answer): Promise<string> {
  const answer = await fetch(locationOf(sent), { redirect: 'manual' });
  const { origin, pathname, search } = new URL(locationOf(answer));
  expect(origin).toBe('http://app.test');
  return pathname + search;
}

/** Follows an application's own redirects. */
async function follow(browser: Browser, path: string): Promise<Answer> {
  const answer = await browser.get(path);
  return locationOf(answer)?.startsWith('/') ? follow(browser, locationOf(answer)) : answer;
}

describe.each(CELLS)('$name on $adapter, load: $load', ({ adapter, load, begins, parts }) => {
  const backend = new GatedBackend(new MemoryBackend());
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ ...(await parts()), adapter, session: { backend, load } });
  });
  afterAll(() => app.stop());

  it('what is checked on return is stored before the redirect leaves', async () => {
    const gate = new Gate();
    backend.beforeWrite = () => gate.pass();
    let isAnswered = false;
    const begun = app
      .browser()
      .get(begins)
      .finally(() => (isAnswered = true));
    await gate.reached;
    // As long as an answer takes.
    expect((await app.browser().get('/me')).status).toBe(401);
    expect(isAnswered).toBe(false);
    gate.open();
    const answer = await begun;
    expect(answer.status).toBe(302);
    expect(answer.setCookies).toEqual([expect.stringMatching(/^sid=/)]);
    expect(locationOf(answer)).toContain(`${provider.url}/authorize?`);
  });

  it('signs in under a new token, and the one from before is dead', async () => {
    const browser = app.browser();
    const path = await comeBack(await browser.get(begins));
    const before = browser.copy();
    expect((await follow(browser, path)).json()).toEqual({ id: 'ada' });
    expect((await browser.get('/me')).json()).toEqual({ id: 'ada' });
    expect(browser.token).not.toBe(before.token);
    expect((await before.get('/me')).status).toBe(401);
  });

  it('a return that another browser began signs nobody in', async () => {
    const browser = app.browser();
    const stranger = app.browser();
    await stranger.get(begins);
    const path = await comeBack(await browser.get(begins));
    await follow(stranger, path);
    expect((await stranger.get('/me')).status).toBe(401);
    expect((await app.browser().get('/me')).status).toBe(401);
  });
});

it('a redirect of @nestjs/passport fails on Fastify, as docs/recipes.md says', async () => {
  const nestPassport = PROVIDER_APPS.find(
    ({ name, adapter }) => name === 'openid-client' && adapter === 'express',
  )!;
  const { imports } = await nestPassport.parts();
  const { usePassport } = await importPassportRecipe('fastify');
  const app = await TestApp.start({ adapter: 'fastify', imports: imports!, prepare: usePassport });
  expect((await app.browser().get('/sign-in')).status).toBe(500);
  expect(app.logs.lines.join()).toContain('res.setHeader is not a function');
  await app.stop();
});
