import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SessionReplacedEvent } from '../../src/session/session-events.js';
import { age, idIn } from '../support/ageing.js';
import { TestApp } from '../support/app.js';
import { startBackend, type TestBackend } from '../support/backends.js';
import type { Browser } from '../support/browser.js';
import { GatedBackend } from '../support/gated-backend.js';
import { gate, InterleavingController } from '../support/interleaving-controller.js';
import { CELLS, REDIS_CELLS } from '../support/matrix.js';
import { RelayedRedis } from '../support/relayed-redis.js';
import { START_MS } from '../support/shared-servers.js';

const MINUTE_MS = 60_000;
/** What only the command of a change contains. */
const SCRIPT = '\r\neval';

const names = async (browser: Browser) =>
  (await browser.get('/names')).json<{ id: string; generation: string }>();
const data = async (browser: Browser) => (await browser.get('/session')).json();

describe.each(CELLS)('a token, with $name on $adapter, by $transport', (cell) => {
  const { name, adapter, transport } = cell;
  let inner: TestBackend;
  let backend: GatedBackend;
  let app: TestApp;
  const replaced: SessionReplacedEvent[] = [];
  const onReplaced = (event: unknown) => void replaced.push(event as SessionReplacedEvent);

  beforeAll(async () => {
    inner = await startBackend(name);
    backend = new GatedBackend(inner.backend);
    const session = { backend, renewInterval: '10m', renewGrace: 30 };
    const controllers = [InterleavingController];
    app = await TestApp.start({ adapter, transport, session, controllers });
    subscribe('nestjs-server-session:replaced', onReplaced);
  }, START_MS);
  afterEach(() => {
    backend.beforeWrite = async () => {};
    replaced.length = 0;
  });
  afterAll(async () => {
    unsubscribe('nestjs-server-session:replaced', onReplaced);
    await app.stop();
    await inner.stop();
  });

  async function started() {
    const browser = app.browser();
    await browser.post('/set/1');
    return browser;
  }
  /** A browser, and a tab of it that has not heard of the sign-in. */
  async function signedIn() {
    const browser = await started();
    const tab = browser.copy();
    await browser.post('/sign-in');
    return { browser, tab };
  }

  it('the id stays through regenerate and renewal; the generation changes with regenerate only', async () => {
    const browser = await started();
    const before = await names(browser);
    expect(before.id).toBe(idIn(browser));
    await age(backend, before.id, 11 * MINUTE_MS);
    const token = browser.token;
    await browser.post('/set/2');
    expect(browser.token).not.toBe(token);
    expect(await names(browser)).toEqual(before);
    await browser.post('/sign-in');
    const after = await names(browser);
    expect(after.id).toBe(before.id);
    expect(after.generation).not.toBe(before.generation);
    expect(idIn(browser)).toBe(before.id);
  });

  it('that was replaced is anonymous, what it writes within a minute goes nowhere, and it is sent no cookie', async () => {
    const { browser, tab } = await signedIn();
    for (const path of ['/set/2', '/increment', '/touch', '/clear', '/save']) {
      const answer = await tab.post(path);
      expect([path, answer.told]).toEqual([path, []]);
    }
    expect(await data(tab)).toEqual({});
    expect(await data(browser)).toEqual({ field1: 1, userId: 'ada' });
  });

  it('that was replaced is told on a diagnostics channel, with the session’s id', async () => {
    const { browser, tab } = await signedIn();
    expect(replaced).toEqual([]);
    await data(tab);
    expect(replaced).toEqual([{ id: idIn(browser) }]);
  });

  it('that was replaced more than a minute ago is as one that nobody knows', async () => {
    const { browser, tab } = await signedIn();
    await age(backend, idIn(browser), 61_000);
    const answer = await tab.post('/set/2');
    expect(answer.told).toHaveLength(1);
    expect(idIn(tab)).not.toBe(idIn(browser));
    expect(await data(tab)).toEqual({ field2: 2 });
    expect(await data(browser)).toEqual({ field1: 1, userId: 'ada' });
  });

  it('that was replaced: regenerate() begins a new session there', async () => {
    const { browser, tab } = await signedIn();
    expect((await tab.post('/sign-in')).told).toHaveLength(1);
    expect(idIn(tab)).not.toBe(idIn(browser));
    expect(await data(tab)).toEqual({ userId: 'ada' });
    expect(await data(browser)).toEqual({ field1: 1, userId: 'ada' });
  });

  it.each(['/sign-out', '/sign-out-and-set/2'])(
    'that was replaced: %s of a late tab does not undo the sign-in',
    async (path) => {
      const { browser, tab } = await signedIn();
      expect((await tab.post(path)).told).toEqual([]);
      expect(await data(browser)).toEqual({ field1: 1, userId: 'ada' });
    },
  );

  it('a request under way with a token that is replaced meanwhile changes nothing and is sent no cookie', async () => {
    const browser = await started();
    const slow = gate('slow');
    const running = browser.copy().post('/set/2?gate=slow');
    await slow.reached;
    await browser.post('/sign-in');
    slow.open();
    const answer = await running;
    expect([answer.status, answer.told]).toEqual([200, []]);
    expect(await data(browser)).toEqual({ field1: 1, userId: 'ada' });
  });

  it('of a sign-in that fails to save stays as it was, with its data', async () => {
    const browser = await started();
    const before = await names(browser);
    const token = browser.token;
    backend.beforeWrite = () => Promise.reject(new Error('disk full'));
    const failed = await browser.post('/sign-in');
    expect([failed.status, failed.told]).toEqual([503, []]);
    backend.beforeWrite = async () => {};
    expect(await data(browser)).toEqual({ field1: 1 });
    expect(await names(browser)).toEqual(before);
    expect(browser.token).toBe(token);
    await browser.post('/sign-in');
    expect(await data(browser)).toEqual({ field1: 1, userId: 'ada' });
  });
});

describe.each(REDIS_CELLS)(
  'a token whose answer is lost, with $name on $adapter, by $transport',
  (cell) => {
    let redis: RelayedRedis;
    let app: TestApp;
    beforeEach(async () => {
      redis = await RelayedRedis.start(cell.name);
      const session = { backend: redis.backend };
      const { adapter, transport } = cell;
      const controllers = [InterleavingController];
      app = await TestApp.start({ adapter, transport, session, controllers });
    }, START_MS);
    afterEach(async () => {
      await app.stop();
      await redis.stop();
    });

    it('is known when it is sent again: it is given to the client, in one new generation', async () => {
      const browser = app.browser();
      await browser.post('/set/1');
      await browser.post('/sign-in');
      const old = browser.copy();
      const before = await names(browser);
      const answer = await redis.losingReplyTo(SCRIPT, () => browser.post('/sign-in'));
      expect(redis.cuts).toBe(1);
      // Without that, nobody was told of the token, and the one before is no longer the session's.
      if (!redis.sendsAgain) {
        expect([answer.status, answer.told.length]).toEqual([503, 0]);
        return expect(await data(browser)).toEqual({});
      }
      expect([answer.status, answer.told.length]).toEqual([200, 1]);
      expect(await data(browser)).toEqual({ field1: 1, userId: 'ada' });
      const after = await names(browser);
      expect(after.id).toBe(before.id);
      expect(after.generation).not.toBe(before.generation);
      expect(await data(old)).toEqual({});
    });
  },
);
