import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECRET } from '../support/app.js';
import type { Browser } from '../support/browser.js';
import { typeErrors, writeExamples } from '../support/examples.js';
import { PageProject } from '../support/page-project.js';
import { RedisServer } from '../support/redis-server.js';

const RUN_MS = 60_000;

const examples = writeExamples();

describe('the examples of the documentation', () => {
  it('compile', () => {
    expect(examples.length).toBeGreaterThan(8);
    expect(typeErrors(examples)).toEqual([]);
  }, 60_000);
});

describe('the README', () => {
  const project = new PageProject('README.md');
  let redis: RedisServer;
  beforeAll(async () => {
    process.env['SESSION_SECRET'] = SECRET;
    project.write();
    redis = await RedisServer.start();
  });
  afterAll(async () => {
    delete process.env['SESSION_SECRET'];
    await redis.stop();
  });

  const running = (use: (browser: Browser) => Promise<void>) =>
    project.serve(use, { REDIS_URL: redis.url });

  it(
    'leads to an application that counts visits across restarts',
    async () => {
      let cookies = {};
      await running(async (browser) => {
        expect((await browser.get('/visits')).json()).toEqual({ visits: 1 });
        expect((await browser.get('/visits')).json()).toEqual({ visits: 2 });
        cookies = browser.cookies;
      });
      await running(async (browser) => {
        Object.assign(browser.cookies, cookies);
        expect((await browser.get('/visits')).json()).toEqual({ visits: 3 });
      });
    },
    RUN_MS,
  );

  it(
    'leads to a test that is signed in',
    () => {
      const { code, output } = project.vitest('test/account.e2e-spec.js');
      expect(output).toMatch(/Tests +1 passed \(1\)/);
      expect(code).toBe(0);
    },
    RUN_MS,
  );
});
