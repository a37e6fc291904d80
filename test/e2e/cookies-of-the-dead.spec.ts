import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { age, idIn } from '../support/ageing.js';
import { gate, InterleavingController } from '../support/interleaving-controller.js';
import { onEveryBackend } from '../support/matrix.js';

const controllers = [InterleavingController];
/** Longer than what was confirmed of a token counts as true. */
const LONGER_THAN_FRESH_MS = 60;
const TOUCH_DUE_MS = 120_000;
const ENDS = ['/sign-in', '/sign-out'];

onEveryBackend(
  'the news of a token that dies while a request runs',
  { controllers },
  (cell, { transport }) => {
    /** A request whose session comes to an end by another one while it runs. */
    async function outlived(method: string, path: string, end: string) {
      const browser = cell.app.browser();
      await browser.post('/set/1');
      await age(cell.backend.backend, idIn(browser), TOUCH_DUE_MS);
      const tab = browser.copy();
      const slow = gate('slow');
      const running = tab.request(method, `${path}?gate=slow`);
      await slow.reached;
      await browser.post(end);
      await sleep(LONGER_THAN_FRESH_MS);
      slow.open();
      const { status, text, told } = await running;
      const data = (await browser.get('/session')).json();
      return { answer: { status, text, told }, data };
    }
    const dataAfter = (end: string) => (end === '/sign-in' ? { field1: 1, userId: 'ada' } : {});

    it.each(ENDS)('is not sent by a page whose use is to be written, after %s', async (end) => {
      const { answer, data } = await outlived('GET', '/slow-read', end);
      expect(answer).toEqual({ status: 200, text: '{"field1":1}', told: [] });
      expect(data).toEqual(dataAfter(end));
    });

    it.each(ENDS)('is not sent by a request that saved before slow work, after %s', async (end) => {
      const { answer, data } = await outlived('POST', '/save-first/2', end);
      expect(answer).toMatchObject({ status: 200, told: [] });
      const saved = end === '/sign-in' ? { field2: 2 } : {};
      expect(data).toEqual({ ...dataAfter(end), ...saved });
    });

    it.each(ENDS)(
      'is not sent after reload(), which says that it is dead, after %s',
      async (end) => {
        const { answer, data } = await outlived('POST', '/reload/2', end);
        expect(answer).toEqual({ status: 200, text: 'SessionGoneError', told: [] });
        expect(data).toEqual(dataAfter(end));
      },
    );

    it('of one that lives is sent where nothing has happened meanwhile, if it is any', async () => {
      const browser = cell.app.browser();
      await browser.post('/set/1');
      const token = browser.token;
      await age(cell.backend.backend, idIn(browser), TOUCH_DUE_MS);
      const slow = gate('slow');
      const running = browser.post('/save-first/2?gate=slow');
      await slow.reached;
      await sleep(LONGER_THAN_FRESH_MS);
      slow.open();
      // A longer life is news for a cookie alone.
      expect((await running).told).toHaveLength(transport === 'cookie' ? 1 : 0);
      expect(browser.token).toBe(token);
    });
  },
);
