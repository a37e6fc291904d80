import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MemcachedBackend } from 'nestjs-server-session/memcached';
import { ADAPTERS, TestApp } from '../support/app.js';
import { Browser } from '../support/browser.js';
import { InterleavingController } from '../support/interleaving-controller.js';
import { MemcachedServer } from '../support/memcached-server.js';
import { until } from '../support/until.js';

const PARALLEL = 100;
/** For a hundred changes of one session, one after another, on a busy machine. */
const TIMEOUT_MS = 2000;
const LONG_MS = 10 * TIMEOUT_MS;
const numbers = Array.from({ length: PARALLEL }, (_, index) => index);

describe.each(ADAPTERS)('sessions in memcached, on %s', (adapter) => {
  let server: MemcachedServer;
  let apps: TestApp[];
  beforeAll(async () => {
    server = await MemcachedServer.start();
    const start = () =>
      TestApp.start({
        adapter,
        session: {
          backend: MemcachedBackend.fromServer(server.address),
          backendTimeout: TIMEOUT_MS / 1000,
        },
        controllers: [InterleavingController],
      });
    apps = [await start(), await start()];
  });
  afterEach(() => server.resume());
  afterAll(async () => {
    for (const app of apps) await app.stop();
    await server.stop();
  });

  /** The same visitor at both applications. */
  async function visitors(): Promise<Browser[]> {
    const [one, other] = apps.map((app) => app.browser()) as [Browser, Browser];
    expect((await one.post('/set/1000')).status).toBe(200);
    Object.assign(other.cookies, one.cookies);
    return [one, other];
  }

  it(`of ${PARALLEL} parallel requests to two applications that each set a field, all are kept`, async () => {
    const browsers = await visitors();
    const answers = await Promise.all(
      numbers.map((number) => browsers[number % 2]!.post(`/set/${number}`)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const fields = Object.fromEntries(numbers.map((number) => [`field${number}`, number]));
    const expected = { ...fields, field1000: 1000 };
    for (const browser of browsers) {
      expect((await browser.get('/session')).json()).toEqual(expected);
    }
  });

  it(
    'frozen: 503; woken: back, with all that there was',
    async () => {
      const [browser] = (await visitors()) as [Browser];
      await server.freeze();
      expect((await browser.get('/session')).status).toBe(503);
      expect((await browser.post('/set/1')).status).toBe(503);
      server.resume();
      await until('an answer', async () => (await browser.get('/session')).status === 200);
      expect((await browser.get('/session')).json()).toEqual({ field1000: 1000 });
    },
    LONG_MS,
  );

  it(
    'killed: 503, with the cookie kept; started again: back without a restart, and empty',
    async () => {
      const [browser] = (await visitors()) as [Browser];
      const cookies = { ...browser.cookies };
      await server.kill();
      expect((await browser.get('/session')).status).toBe(503);
      expect((await browser.post('/set/1')).status).toBe(503);
      expect(browser.cookies).toEqual(cookies);
      expect((await apps[0]!.browser().get('/session')).status).toBe(200);
      await server.restart();
      await until('an answer', async () => (await browser.get('/session')).status === 200);
      expect((await browser.get('/session')).json()).toEqual({});
      expect((await browser.post('/set/1')).status).toBe(200);
      expect((await browser.get('/session')).json()).toEqual({ field1: 1 });
    },
    LONG_MS,
  );
});
