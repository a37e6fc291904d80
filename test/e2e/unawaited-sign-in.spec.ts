import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Controller, Get, Post } from '@nestjs/common';
import { Principal, Session, SessionService, SessionTokenError } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { until } from '../support/until.js';

const failures: unknown[] = [];

@Controller()
class ForgetfulController {
  /** Looks somebody up, as who verifies a password does, and is not waited for. */
  @Post('forget')
  forget(@Session() session: Session) {
    const signIn = async () => {
      await sleep(50);
      await session.signIn('ada');
    };
    void signIn().then(
      () => failures.push('none'),
      (error: unknown) => failures.push(error),
    );
    return 'too early';
  }
  @Post('remember')
  async remember(@Session() session: Session) {
    await session.signIn('bob');
  }
  @Post('visit')
  visit(@Session() session: Session) {
    session.visits = 1;
  }
  @Get('me')
  me(@Principal() principal: string | undefined) {
    return { principal: principal ?? null };
  }
}

describe.each(ADAPTERS)('a sign-in that is not awaited, on %s', (adapter) => {
  let app: TestApp;
  afterEach(() => app.stop());

  it.each([
    ['of nobody, new', undefined, null],
    ['of nobody, stored', '/visit', null],
    ['of somebody else', '/remember', 'bob'],
  ])('fails, and leaves all as it was: in a session %s', async (_, before, whose) => {
    failures.length = 0;
    app = await TestApp.start({ adapter, controllers: [ForgetfulController] });
    const browser = app.browser();
    if (before) await browser.post(before);
    const answer = await browser.post('/forget');
    expect([answer.status, answer.setCookies]).toEqual([201, []]);
    await until('its end', () => failures.length > 0);
    expect(failures[0]).toBeInstanceOf(SessionTokenError);
    expect((failures[0] as Error).message).toContain('perhaps an await is missing');
    expect((await browser.get('/me')).json()).toEqual({ principal: whose });
    expect(await app.app.get(SessionService).list('ada')).toEqual([]);
  });
});
