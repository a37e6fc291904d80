import { afterEach, expect, it, vi } from 'vitest';
import { SessionService } from 'nestjs-server-session';
import { age, idIn } from '../support/ageing.js';
import type { TestShared } from '../support/backends.js';
import { fakeClock } from '../support/clock.js';
import { gate, InterleavingController } from '../support/interleaving-controller.js';
import { onEveryBackend } from '../support/matrix.js';

const MINUTE_MS = 60_000;
const session = { renewInterval: '10m' };
const controllers = [InterleavingController];

onEveryBackend('a session left empty', { session, controllers }, (cell, { transport }) => {
  afterEach(() => void vi.useRealTimers());

  async function started() {
    const browser = cell.app.browser();
    await browser.post('/set/1');
    return browser;
  }
  const cleared = transport === 'cookie' ? [expect.stringMatching(/^sid=; Max-Age=0/)] : [''];

  it.each([
    ['', 0],
    [', though its token was to be renewed', 11 * MINUTE_MS],
  ])(
    'keeps what another request was about to write, which sends its cookie again%s',
    async (_, ageMs) => {
      const browser = await started();
      const id = idIn(browser);
      const tab = browser.copy();
      const slow = gate('slow');
      const running = tab.post('/set/2?gate=slow');
      await slow.reached;
      await age(cell.backend.backend, id, ageMs);
      expect((await browser.post('/delete/1')).told).toEqual(cleared);
      tab.token = undefined;
      slow.open();
      const answer = await running;
      expect([answer.status, answer.told.length]).toEqual([200, 1]);
      expect(idIn(tab)).toBe(id);
      expect((await tab.get('/session')).json()).toEqual({ field2: 2 });
    },
  );

  it('has no cookie cleared by a late answer where somebody has written meanwhile', async () => {
    const browser = await started();
    const tab = browser.copy();
    const late = gate('late');
    const clearing = browser.post('/clear?gate=late');
    await late.reached;
    expect((await tab.post('/set/2')).told).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    late.open();
    expect((await clearing).told).toEqual([]);
    expect((await browser.get('/session')).json()).toEqual({ field2: 2 });
  });

  it('is gone a minute later', async () => {
    const browser = await started();
    const id = idIn(browser);
    await browser.post('/delete/1');
    const sessions = cell.app.app.get(SessionService);
    expect((await sessions.get(id))?.data).toEqual({});
    if ('leftMs' in cell.backend) {
      const leftMs = await (cell.backend as TestShared).leftMs(id);
      expect(leftMs).toBeGreaterThan(MINUTE_MS - 10_000);
      expect(leftMs).toBeLessThanOrEqual(MINUTE_MS);
      return;
    }
    const clock = fakeClock();
    clock.advance(MINUTE_MS - 1000);
    expect(await sessions.get(id)).not.toBeNull();
    clock.advance(1001);
    expect(await sessions.get(id)).toBeNull();
  });

  it('is not kept by being looked at', async () => {
    const browser = await started();
    const id = idIn(browser);
    const tab = browser.copy();
    await browser.post('/delete/1');
    await age(cell.backend.backend, id, 5 * MINUTE_MS);
    const before = await cell.backend.backend.get(id);
    const answer = await tab.get('/session');
    expect([answer.json(), answer.told]).toEqual([{}, []]);
    expect(await cell.backend.backend.get(id)).toEqual(before);
  });
});
