import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryBackend, SessionService } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import type { Browser } from '../support/browser.js';
import { CallbackController, gate, heard, METHODS } from '../support/callback-controller.js';
import { Gate, GatedBackend } from '../support/gated-backend.js';

// A rejection that stays unhandled fails the run, whatever a test expects: these need no listener of their own.
describe.each(ADAPTERS)('callbacks and promises, on %s', (adapter) => {
  let backend: GatedBackend;
  let app: TestApp;
  let browser: Browser;

  beforeAll(async () => {
    backend = new GatedBackend(new MemoryBackend());
    app = await TestApp.start({
      adapter,
      session: { backend },
      controllers: [CallbackController],
    });
  });
  beforeEach(async () => {
    mend();
    browser = app.browser();
    await browser.post('/visit');
    heard.length = 0;
    gate.current = undefined;
  });
  afterAll(() => app.stop());

  /** Lets everything fail but the read that loads the session. */
  function breakDown() {
    const failure = () => Promise.reject(new Error('disk full'));
    backend.beforeWrite = failure;
    backend.beforeRead = async () => {
      backend.beforeRead = failure;
    };
  }
  function mend() {
    backend.beforeWrite = backend.beforeRead = async () => {};
  }
  const stored = async () => (await browser.get('/session')).json();

  describe.each(METHODS)('%s(callback)', (method) => {
    it('calls back once, later, with nothing where it worked', async () => {
      expect((await browser.post(`/callback/${method}`)).status).toBe(200);
      expect(heard).toEqual(['callback: ']);
    });

    it('gives the session, so that calls can be chained, where express-session does', async () => {
      expect((await browser.post(`/callback/${method}`)).json()).toEqual({ isChained: true });
    });

    it('without a callback resolves', async () => {
      await browser.post(`/promise/${method}`);
      expect(heard).toEqual(['promise: nothing']);
    });
  });

  /** `regenerate` asks nothing of the backend: its token is written with the next change. */
  describe.each(METHODS.filter((each) => each !== 'regenerate'))('%s', (method) => {
    it('calls back once with the error where the backend fails, and the process lives', async () => {
      breakDown();
      await browser.post(`/callback/${method}`);
      expect(heard).toEqual(['callback: SessionBackendError']);
      mend();
      expect(await stored()).toEqual({ visits: 1 });
    });

    it('rejects where the backend fails and there is no callback', async () => {
      breakDown();
      await browser.post(`/promise/${method}`);
      expect(heard).toEqual(['promise: SessionBackendError']);
    });
  });

  it('regenerate fails with the change that it is written with, and all is as it was', async () => {
    breakDown();
    const before = browser.cookies['sid'];
    const answer = await browser.post('/callback/regenerate');
    expect(heard).toEqual(['callback: ']);
    expect(answer.status).toBe(503);
    expect(browser.cookies['sid']).toBe(before);
    mend();
    expect(await stored()).toEqual({ visits: 1 });
  });

  it.each(['save', 'regenerate', 'destroy'])(
    'a failed %s that nobody looks at is a 503 with no cookie, and the process lives',
    async (method) => {
      breakDown();
      const answer = await browser.post(`/forgotten/${method}`);
      expect(answer.status).toBe(503);
      expect(answer.setCookies).toEqual([]);
      mend();
      expect(await stored()).toEqual({ visits: 1 });
    },
  );

  it('a failed save that nobody looks at is made good before the answer, where that works', async () => {
    let failures = 1;
    backend.beforeWrite = async () => {
      if (failures-- > 0) throw new Error('a blip');
    };
    expect((await browser.post('/forgotten/save')).status).toBe(200);
    expect(failures).toBe(-1);
    expect(await stored()).toEqual({ visits: 1, userId: 'ada' });
  });

  it('a failed destroy that nobody looks at is made good before the answer', async () => {
    const other = browser.copy();
    let failures = 1;
    backend.beforeWrite = async () => {
      if (failures-- > 0) throw new Error('a blip');
    };
    const answer = await browser.post('/forgotten/destroy');
    expect(answer.status).toBe(200);
    expect(answer.setCookies).toEqual([expect.stringMatching(/^sid=; Max-Age=0/)]);
    expect((await other.get('/session')).json()).toEqual({});
  });

  it('a destroyed session reads as an empty new one, and its cookie is cleared', async () => {
    const other = browser.copy();
    const answer = await browser.post('/destroy-and-read');
    expect(answer.json()).toEqual({ visits: 'none', isNew: true, keys: [] });
    expect(answer.setCookies).toEqual([expect.stringMatching(/^sid=; Max-Age=0/)]);
    expect((await other.get('/session')).json()).toEqual({});
  });

  it('what is written after destroy() starts a new session under a new token', async () => {
    const other = browser.copy();
    const answer = await browser.post('/destroy-and-write');
    const { before, after } = answer.json<{ before: string; after: string }>();
    expect(after).not.toBe(before);
    expect(answer.setCookies).toHaveLength(1);
    expect(await stored()).toEqual({ userId: 'grace' });
    expect((await other.get('/session')).json()).toEqual({});
    expect(await app.app.get(SessionService).get(before)).toBeNull();
  });

  it.each(['callback', 'promise'])(
    'save() of a session that somebody else destroyed ends in SessionGoneError, told by %s',
    async (how) => {
      gate.current = new Gate();
      const slow = browser.copy().post(`/${how}/save`);
      await gate.current.reached;
      await browser.copy().post('/destroy-and-read');
      gate.current.open();
      const answer = await slow;
      expect(answer.status).toBe(200);
      expect(answer.setCookies).toEqual([]);
      expect(heard).toEqual([`${how}: SessionGoneError`]);
      expect(await stored()).toEqual({});
    },
  );
});
