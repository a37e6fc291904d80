import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryBackend } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { fakeClock } from '../support/clock.js';
import { Gate, GatedBackend } from '../support/gated-backend.js';
import { gate, InterleavingController } from '../support/interleaving-controller.js';
import type { Browser } from '../support/browser.js';

describe.each(ADAPTERS)('a use that is written in passing, on %s', (adapter) => {
  let backend: GatedBackend;
  let app: TestApp;
  let clock: ReturnType<typeof fakeClock>;
  let browser: Browser;

  beforeEach(async () => {
    backend = new GatedBackend(new MemoryBackend());
    app = await TestApp.start({
      adapter,
      session: { backend },
      controllers: [InterleavingController],
    });
    clock = fakeClock();
    browser = app.browser();
    await browser.post('/set/1');
    clock.advance(61_000);
  });
  afterEach(async () => {
    vi.useRealTimers();
    await app.stop();
  });

  const longerLife = [expect.stringMatching(/^sid=.*; Max-Age=1209600;/)];

  it('is confirmed before the response leaves, which carries the cookie’s longer life', async () => {
    const touched = new Gate();
    backend.beforeWrite = () => touched.pass();
    const answer = browser.get('/session');
    await touched.reached;
    touched.open();
    expect((await answer).json()).toEqual({ field1: 1 });
    expect((await answer).setCookies).toEqual(longerLife);
    expect(backend.writes.slice(1)).toEqual(['touch']);
  });

  it('is not waited for long, and the response then has no cookie', async () => {
    backend.beforeWrite = () => new Promise(() => {});
    const tookMs: number[] = [];
    for (let visit = 0; visit < 3; visit++) {
      const startMs = performance.now();
      const answer = await browser.get('/session');
      tookMs.push(performance.now() - startMs);
      expect([answer.status, answer.setCookies]).toEqual([200, []]);
      clock.advance(61_000);
    }
    // 100 ms each time; what a busy machine takes differs.
    expect(Math.min(...tookMs)).toBeLessThan(300);
  });

  it('never makes a slow response fail', async () => {
    const slow = gate('slow');
    const answer = browser.get('/slow-read?gate=slow');
    await slow.reached;
    backend.beforeWrite = () => Promise.reject(new Error('no room'));
    clock.advance(1000);
    slow.open();
    expect((await answer).json()).toEqual({ field1: 1 });
    expect((await answer).setCookies).toEqual([]);
  });

  it('never makes a response fail', async () => {
    backend.beforeWrite = () => Promise.reject(new Error('no room'));
    expect((await browser.get('/session')).status).toBe(200);
    backend.beforeWrite = async () => {};
    clock.advance(61_000);
    expect((await browser.get('/session')).setCookies).toEqual(longerLife);
  });

  it('is confirmed before a slow request sends a cookie', async () => {
    const slow = gate('slow');
    const answer = browser.get('/slow-read?gate=slow');
    await slow.reached;
    clock.advance(1000);
    slow.open();
    expect((await answer).setCookies).toEqual(longerLife);
  });

  it('sends no cookie after a slow request for a session that has ended meanwhile', async () => {
    const slow = gate('slow');
    const answer = browser.get('/slow-read?gate=slow');
    await slow.reached;
    const other = app.browser();
    Object.assign(other.cookies, browser.cookies);
    await other.post('/sign-in');
    clock.advance(1000);
    slow.open();
    expect((await answer).status).toBe(200);
    expect((await answer).setCookies).toEqual([]);
  });

  it('is not waited for long after a slow request either, which then sends no cookie', async () => {
    const slow = gate('slow');
    const answer = browser.get('/slow-read?gate=slow');
    await slow.reached;
    backend.beforeWrite = () => new Promise(() => {});
    clock.advance(1000);
    slow.open();
    expect((await answer).json()).toEqual({ field1: 1 });
    expect((await answer).setCookies).toEqual([]);
  });
});
