import { expect, it } from 'vitest';
import { Controller, Get } from '@nestjs/common';
import { Session } from 'nestjs-server-session';
import { age, idIn } from '../support/ageing.js';
import type { Browser } from '../support/browser.js';
import { onEveryBackend } from '../support/matrix.js';

const MINUTE_MS = 60_000;

@Controller()
class ClockController {
  @Get('write')
  write(@Session() session: Session) {
    return { visits: session.increment('visits') };
  }
  @Get('read')
  read(@Session() session: Session) {
    return { visits: session.visits ?? null };
  }
}

const session = { idleTimeout: '1h', absoluteTimeout: '3h', touchInterval: '5m' };

onEveryBackend(
  'both clocks',
  { session, controllers: [ClockController] },
  (cell, { transport }) => {
    /** What is told of a life: by a cookie alone, as a client that keeps its token by itself need not know. */
    const told = (minutes: number[]) => (transport === 'cookie' ? minutes : []);
    const maxAges = (cookies: string[]) =>
      cookies.map((cookie) => Math.round(Number(/Max-Age=(\d+)/.exec(cookie)?.[1]) / 60));
    const pass = (browser: Browser, ms: number) => age(cell.backend.backend, idIn(browser), ms);

    it.each(['/read', '/write'])(
      'the life that is told follows GET %s, once per touchInterval',
      async (path) => {
        const browser = cell.app.browser();
        await browser.get('/write');
        const seen: number[] = [];
        for (let minute = 1; minute <= 11; minute++) {
          // And a bit, as a process may hold Redis' clock for that much behind.
          await pass(browser, MINUTE_MS + 1000);
          if (maxAges((await browser.get(path)).told)[0] === 60) seen.push(minute);
        }
        expect(seen).toEqual(told([5, 10]));
      },
    );

    it('what is told never outlives the absolute timeout', async () => {
      const browser = cell.app.browser();
      await browser.get('/write');
      const ages: number[] = [];
      for (let step = 0; step < 5; step++) {
        await pass(browser, 34 * MINUTE_MS);
        ages.push(...maxAges((await browser.get('/read')).told));
      }
      expect(ages).toEqual(told([60, 60, 60, 44, 10]));
      await pass(browser, 10 * MINUTE_MS);
      expect((await browser.get('/read')).json()).toEqual({ visits: null });
    });

    it('a session in use outlives the idle timeout, one that is not does not', async () => {
      const [used, unused] = [cell.app.browser(), cell.app.browser()];
      await used.get('/write');
      await unused.get('/write');
      for (let step = 0; step < 2; step++) {
        for (const each of [used, unused]) await pass(each, 31 * MINUTE_MS);
        await used.get('/read');
      }
      expect((await used.get('/read')).json()).toEqual({ visits: 1 });
      expect((await unused.get('/read')).json()).toEqual({ visits: null });
      expect((await unused.get('/write')).json()).toEqual({ visits: 1 });
    });
  },
);
