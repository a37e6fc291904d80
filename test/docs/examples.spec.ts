import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from '../support/browser.js';
import { emit, typeErrors, writeExamples } from '../support/examples.js';
import { freePort, RedisServer } from '../support/redis-server.js';

const examples = writeExamples();

describe('the examples of the documentation', () => {
  it('compile', () => {
    expect(examples.length).toBeGreaterThan(8);
    expect(typeErrors(examples)).toEqual([]);
  }, 60_000);

  describe('the first of the README', () => {
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await RedisServer.start();
    });
    afterAll(() => redis.stop());

    /** Runs the example as a process of its own while something happens. */
    async function running(use: (url: string) => Promise<void>): Promise<void> {
      const port = await freePort();
      const SESSION_SECRET = 'a secret for tests of 32 characters or more';
      const env = { ...process.env, PORT: `${port}`, REDIS_URL: redis.url, SESSION_SECRET };
      const app = spawn(process.execPath, [emit(examples[0]!)], { env, stdio: 'ignore' });
      try {
        const url = `http://127.0.0.1:${port}`;
        for (let tries = 0; tries < 200; tries++) {
          if (await fetch(url).catch(() => undefined)) break;
          await sleep(50);
        }
        await use(url);
      } finally {
        app.kill();
        await once(app, 'exit');
      }
    }

    it('counts visits across restarts', async () => {
      let cookies = {};
      await running(async (url) => {
        const browser = new Browser(url);
        expect((await browser.get('/visits')).json()).toEqual({ visits: 1 });
        expect((await browser.get('/visits')).json()).toEqual({ visits: 2 });
        cookies = browser.cookies;
      });
      await running(async (url) => {
        const browser = new Browser(url);
        Object.assign(browser.cookies, cookies);
        expect((await browser.get('/visits')).json()).toEqual({ visits: 3 });
      });
    }, 60_000);
  });
});
