import { Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { expect, it } from 'vitest';
import { Session } from 'nestjs-server-session';
import { age, idIn } from '../support/ageing.js';
import type { Answer, Browser } from '../support/browser.js';
import { onEveryBackend } from '../support/matrix.js';

const MINUTE_MS = 60_000;

@Controller()
class LifetimeController {
  @Get('session')
  show(@Session() session: Session) {
    return { ...session };
  }
  @Post('start')
  @HttpCode(200)
  start(@Session() session: Session) {
    session.visits = 1;
  }
  @Post('remember')
  @HttpCode(200)
  async remember(@Session() session: Session, @Query('first') first?: string) {
    if (first) session.userId = 'ada';
    session.lifetime({ idle: '30m', absolute: '1h', persistent: true });
  }
  @Post('regenerate')
  @HttpCode(200)
  async regenerate(@Session() session: Session) {
    await session.regenerate();
  }
  @Post('forever')
  @HttpCode(200)
  forever(@Session() session: Session) {
    session.lifetime({ absolute: false, idle: 3600 });
  }
  @Post('wrong')
  @HttpCode(200)
  wrong(@Session() session: Session) {
    const messages: string[] = [];
    for (const options of [{ idle: 'soon' }, { idel: '1h' }, { absolute: -1 }, { persistent: 1 }]) {
      try {
        session.lifetime(options as never);
      } catch (error) {
        messages.push(`${(error as Error).name}: ${(error as Error).message}`);
      }
    }
    return messages;
  }
}

const session = {
  idleTimeout: '5m',
  absoluteTimeout: '10m',
  touchInterval: '1m',
  cookie: { persistent: false },
};

onEveryBackend(
  'lifetime',
  { session, controllers: [LifetimeController] },
  (cell, { transport }) => {
    /** What the cookie says of its life; nothing by bearer, whose client needs not know. */
    const maxAge = ({ told }: Answer) => /; Max-Age=(\d+);/.exec(told[0] ?? '')?.[1];
    const expectLife = (answer: Answer, seconds: number) => {
      if (transport === 'bearer') expect(maxAge(answer)).toBeUndefined();
      else expect(Math.abs(Number(maxAge(answer)) - seconds)).toBeLessThanOrEqual(1);
    };
    const pass = (browser: Browser, ms: number) => age(cell.backend.backend, idIn(browser), ms);

    it('a session may outlive the others, in use and unused, and its cookie the browser', async () => {
      const browser = cell.app.browser();
      expect(maxAge(await browser.post('/start'))).toBeUndefined();
      expectLife(await browser.post('/remember'), 1800);
      await pass(browser, 29 * MINUTE_MS);
      const extended = await browser.get('/session');
      expect(extended.json()).toEqual({ visits: 1 });
      expectLife(extended, 1800);
      await pass(browser, 20 * MINUTE_MS);
      expectLife(await browser.get('/session'), 660);
      await pass(browser, 12 * MINUTE_MS);
      expect((await browser.get('/session')).json()).toEqual({});
    });

    it('may be set with the first data, and is kept by regenerate', async () => {
      const browser = cell.app.browser();
      expectLife(await browser.post('/remember?first=1'), 1800);
      expectLife(await browser.post('/regenerate'), 1800);
      await pass(browser, 20 * MINUTE_MS);
      expect((await browser.get('/session')).json()).toEqual({ userId: 'ada' });
    });

    it('starts no session by itself', async () => {
      expect((await cell.app.browser().post('/remember')).told).toEqual([]);
    });

    it('may have no absolute bound', async () => {
      const browser = cell.app.browser();
      await browser.post('/start');
      await browser.post('/forever');
      for (let hour = 0; hour < 30; hour++) {
        await pass(browser, 59 * MINUTE_MS);
        expect((await browser.get('/session')).json()).toEqual({ visits: 1 });
      }
    });

    it('says what is wrong', async () => {
      expect((await cell.app.browser().post('/wrong')).json()).toEqual([
        expect.stringMatching(
          /^TypeError: session\.lifetime: idle is 'soon': write text with a unit/,
        ),
        expect.stringMatching(/^TypeError: session\.lifetime: idel is no option/),
        expect.stringMatching(/^TypeError: session\.lifetime: absolute is -1/),
        expect.stringMatching(/^TypeError: session\.lifetime: persistent must be true or false/),
      ]);
    });
  },
);
