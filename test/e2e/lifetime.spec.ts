import { Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { expect, it } from '@jest/globals';
import { Session } from 'nestjs-server-session';
import { age, idIn } from '../support/ageing.js';
import type { Browser } from '../support/browser.js';
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

onEveryBackend('lifetime', { session, controllers: [LifetimeController] }, (cell) => {
  const pass = (browser: Browser, ms: number) => age(cell.backend.backend, idIn(browser), ms);

  it('a session may outlive the others, in use and unused, and its cookie the browser', async () => {
    const browser = cell.app.browser();
    expect((await browser.post('/start')).setCookies[0]).not.toMatch(/Max-Age/);
    expect((await browser.post('/remember')).setCookies[0]).toMatch(/; Max-Age=180[01];/);
    await pass(browser, 29 * MINUTE_MS);
    const extended = await browser.get('/session');
    expect(extended.json()).toEqual({ visits: 1 });
    expect(extended.setCookies[0]).toMatch(/; Max-Age=180[01];/);
    await pass(browser, 20 * MINUTE_MS);
    expect((await browser.get('/session')).setCookies[0]).toMatch(/; Max-Age=6(59|60|61);/);
    await pass(browser, 12 * MINUTE_MS);
    expect((await browser.get('/session')).json()).toEqual({});
  });

  it('may be set with the first data, and is kept by regenerate', async () => {
    const browser = cell.app.browser();
    expect((await browser.post('/remember?first=1')).setCookies[0]).toMatch(/; Max-Age=180[01];/);
    expect((await browser.post('/regenerate')).setCookies[0]).toMatch(/; Max-Age=180[01];/);
    await pass(browser, 20 * MINUTE_MS);
    expect((await browser.get('/session')).json()).toEqual({ userId: 'ada' });
  });

  it('starts no session by itself', async () => {
    expect((await cell.app.browser().post('/remember')).setCookies).toEqual([]);
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
});
