import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idIn } from '../support/ageing.js';
import { ADAPTERS, TestApp } from '../support/app.js';
import { startRedis, type TestRedis } from '../support/backends.js';
import type { Browser } from '../support/browser.js';
import { InterleavingController } from '../support/interleaving-controller.js';
import { REDIS_BACKENDS } from '../support/matrix.js';
import { START_MS } from '../support/shared-servers.js';

const CELLS = REDIS_BACKENDS.flatMap((name) => ADAPTERS.map((adapter) => ({ name, adapter })));

describe.each(CELLS)('a record of another format, with $name on $adapter', ({ name, adapter }) => {
  let redis: TestRedis;
  let app: TestApp;
  beforeAll(async () => {
    redis = await startRedis(name);
    const session = { backend: redis.backend };
    app = await TestApp.start({ adapter, session, controllers: [InterleavingController] });
  }, START_MS);
  afterAll(async () => {
    await app.stop();
    await redis.stop();
  });

  /** A browser whose session's text in Redis was changed by somebody else. */
  async function withText(change: (text: string) => string) {
    const browser = app.browser();
    await browser.post('/set/1');
    const key = `sess:${idIn(browser)}`;
    const text = change((await redis.client.get(key))!);
    await redis.client.set(key, text, 'EX', 60);
    return { browser, key, text };
  }
  const later = (text: string) => text.replace(/^1/, '2');
  const logsOf = (browser: Browser) => {
    const id = idIn(browser);
    return app.logs.lines.filter((line) => line.includes(id));
  };

  it('that came later is left alone: the request is anonymous, writes to nowhere and is sent no cookie', async () => {
    const { browser, key, text } = await withText(later);
    expect((await browser.get('/session')).json()).toEqual({});
    for (const path of ['/set/2', '/increment', '/touch', '/clear', '/save']) {
      const answer = await browser.post(path);
      expect([path, answer.setCookies]).toEqual([path, []]);
    }
    expect(await redis.client.get(key)).toBe(text);
    expect(logsOf(browser)).toEqual([]);
  });

  it('that came later is ended by who asks for that, and its cookie is cleared', async () => {
    const { browser, key } = await withText(later);
    const answer = await browser.post('/sign-out');
    expect(answer.setCookies).toEqual([expect.stringMatching(/^sid=; Max-Age=0/)]);
    expect(await redis.client.get(key)).toBeNull();
  });

  it.each<[string, (text: string) => string]>([
    ['text appended', (text) => `${text}x`],
    ['a broken field appended', (text) => `${text}x\x1e`],
    ['its end cut off', (text) => text.slice(0, -1)],
    ['an older version', (text) => text.replace(/^1/, '0')],
  ])('with %s can’t be decoded: logged by its id, and no session', async (_, change) => {
    const { browser, key } = await withText(change);
    expect((await browser.get('/session')).json()).toEqual({});
    expect(logsOf(browser)).toEqual([expect.stringContaining("can't be decoded")]);
    await browser.post('/set/2');
    expect(`sess:${idIn(browser)}`).not.toBe(key);
    expect((await browser.get('/session')).json()).toEqual({ field2: 2 });
  });
});
