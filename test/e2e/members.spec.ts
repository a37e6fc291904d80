import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Session, SessionService } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { startBackend, type TestBackend } from '../support/backends.js';
import { fakeClock } from '../support/clock.js';

@Controller()
class MembersController {
  constructor(private readonly sessions: SessionService) {}

  @Get()
  show(@Session() session: Session) {
    return { data: { ...session }, isNew: session.isNew };
  }
  @Get('facts')
  facts(@Session() session: Session) {
    const { id, isNew, createdAt, lastSeenAt, expiresAt } = session;
    return { id, isNew, times: [createdAt, lastSeenAt, expiresAt].map((date) => date.getTime()) };
  }
  @Get('id')
  id(@Session() session: Session) {
    return session.id;
  }
  @Post('sign-in/:user')
  @HttpCode(200)
  async signIn(
    @Session() session: Session,
    @Param('user') user: string,
    @Query('keep') keep?: 'flash' | 'visits',
  ) {
    const before = session.id;
    await session.regenerate(keep ? { keep: [keep] } : {});
    session.userId = user;
    return { before, after: session.id };
  }
  @Post('sign-out')
  @HttpCode(200)
  async signOut(@Session() session: Session, @Query('then') then?: string) {
    await session.destroy();
    const seen = { ...session };
    if (then) session.flash = [then];
    return seen;
  }
  @Post('write/:count')
  @HttpCode(200)
  write(@Session() session: Session, @Param('count') count: string) {
    session.visits = Number(count);
    session.flash = ['hello'];
  }
  @Post('take')
  @HttpCode(200)
  take(@Session() session: Session) {
    return session.take('flash') ?? [];
  }
  @Post('clear')
  @HttpCode(200)
  clear(@Session() session: Session) {
    session.clear();
  }
  @Post('reload')
  @HttpCode(200)
  async reload(@Session() session: Session) {
    session.visits = 99;
    await session.reload();
    return { ...session };
  }
  @Post('save')
  @HttpCode(200)
  async save(@Session() session: Session) {
    session.visits = 5;
    await session.save();
    const stored = await this.sessions.get(session.id);
    session.userId = 'later';
    return stored?.data;
  }
  @Post('touch')
  @HttpCode(200)
  touch(@Session() session: Session) {
    session.touch();
  }
  @Post('callbacks')
  @HttpCode(200)
  async callbacks(@Session() session: Session) {
    const called: string[] = [];
    const run = (name: 'save' | 'reload' | 'regenerate' | 'destroy') =>
      new Promise<void>((resolve) => {
        void session[name]((error) => {
          called.push(`${name} ${String(error)}`);
          resolve();
        });
      });
    session.visits = 1;
    for (const name of ['save', 'reload', 'regenerate', 'destroy'] as const) await run(name);
    return called;
  }
}

describe.each(ADAPTERS)('the members of a session, on %s', (adapter) => {
  describe.each(['memory', 'redis', 'three methods'] as const)('with %s', (name) => {
    let backend: TestBackend;
    let app: TestApp;
    beforeAll(async () => {
      backend = await startBackend(name);
      app = await TestApp.start({
        adapter,
        session: { backend: backend.backend, idleTimeout: '1h', absoluteTimeout: '2h' },
        controllers: [MembersController],
      });
    });
    afterAll(async () => {
      await app.stop();
      await backend.stop();
    });
    afterEach(() => void jest.useRealTimers());

    it('regenerate gives a new token and id, keeps the data, and the old is dead', async () => {
      const browser = app.browser();
      await browser.post('/write/3');
      const thief = browser.copy();
      const { before, after } = (await browser.post('/sign-in/ada')).json();
      expect(before).not.toBe(after);
      expect(browser.cookies['sid']).not.toBe(thief.cookies['sid']);
      const data = { visits: 3, flash: ['hello'], userId: 'ada' };
      expect((await browser.get('/')).json()).toEqual({ data, isNew: false });
      expect((await thief.get('/')).json()).toEqual({ data: {}, isNew: true });
      expect(await app.app.get(SessionService).get(String(before))).toBeNull();
      expect((await app.app.get(SessionService).get(String(after)))?.data).toEqual(data);
    });

    it('regenerate keeps only the fields listed', async () => {
      const browser = app.browser();
      await browser.post('/write/3');
      await browser.post('/sign-in/ada?keep=flash');
      const data = { flash: ['hello'], userId: 'ada' };
      expect((await browser.get('/')).json()).toEqual({ data, isNew: false });
    });

    it('destroy empties the object, deletes the session and clears the cookie', async () => {
      const browser = app.browser();
      await browser.post('/write/3');
      const copy = browser.copy();
      const answer = await browser.post('/sign-out');
      expect(answer.json()).toEqual({});
      expect(answer.setCookies).toEqual([
        'sid=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax',
      ]);
      expect(browser.cookies).toEqual({});
      expect((await copy.get('/')).json()).toEqual({ data: {}, isNew: true });
    });

    it('new data after destroy start a new session', async () => {
      const browser = app.browser();
      await browser.post('/write/3');
      const old = browser.copy();
      const answer = await browser.post('/sign-out?then=bye');
      expect(answer.setCookies).toHaveLength(1);
      expect((await browser.get('/')).json()).toEqual({ data: { flash: ['bye'] }, isNew: false });
      expect((await old.get('/')).json()).toEqual({ data: {}, isNew: true });
    });

    it('destroy without a session sets no cookie', async () => {
      expect((await app.browser().post('/sign-out')).setCookies).toEqual([]);
    });

    it('take reads once', async () => {
      const browser = app.browser();
      await browser.post('/write/3');
      expect((await browser.post('/take')).json()).toEqual(['hello']);
      expect((await browser.post('/take')).json()).toEqual([]);
    });

    it('a session left empty is deleted and its cookie cleared', async () => {
      const browser = app.browser();
      await browser.post('/write/3');
      const id = (await browser.get('/id')).text;
      expect((await browser.post('/clear')).setCookies[0]).toMatch(/^sid=; Max-Age=0/);
      expect(await backend.backend.get(id)).toBeNull();
    });

    it('reload drops unsaved changes', async () => {
      const browser = app.browser();
      await browser.post('/write/3');
      expect((await browser.post('/reload')).json()).toEqual({ visits: 3, flash: ['hello'] });
      expect((await app.browser().post('/reload')).json()).toEqual({});
    });

    it('save writes now, and what follows is saved at the end', async () => {
      const browser = app.browser();
      expect((await browser.post('/save')).json()).toEqual({ visits: 5 });
      const data = { visits: 5, userId: 'later' };
      expect((await browser.get('/')).json()).toEqual({ data, isNew: false });
    });

    it('tells when it was made, was last seen and will end, by both clocks', async () => {
      const clock = fakeClock();
      const browser = app.browser();
      const [hour, second] = [3_600_000, 1000];
      await browser.post('/write/3');
      const start = Date.now();
      clock.advance(30 * second);
      const times = async () =>
        (await browser.get('/facts')).json<{ times: number[] }>().times.map((ms) => ms - start);
      expect(await times()).toEqual([0, 0, hour]);
      clock.advance(90 * second);
      expect(await times()).toEqual([0, 0, hour]);
      expect(await times()).toEqual([0, 120 * second, hour + 120 * second]);
    });

    it('touch counts as use at once', async () => {
      const clock = fakeClock();
      const browser = app.browser();
      await browser.post('/write/3');
      const start = Date.now();
      clock.advance(2000);
      expect((await browser.post('/touch')).setCookies).toHaveLength(1);
      const { times } = (await browser.get('/facts')).json<{ times: number[] }>();
      expect(times[1]! - start).toBe(2000);
    });

    it('ends unused after the idle timeout, and used after the absolute one', async () => {
      const clock = fakeClock();
      const [idle, used] = [app.browser(), app.browser()];
      await idle.post('/write/1');
      await used.post('/write/2');
      const steps = [50, 50, 19].map((minutes) => minutes * 60_000);
      for (const step of steps) {
        clock.advance(step);
        expect((await used.get('/')).json()).toMatchObject({ isNew: false });
      }
      expect((await idle.get('/')).json()).toEqual({ data: {}, isNew: true });
      clock.advance(61_000);
      expect((await used.get('/')).json()).toEqual({ data: {}, isNew: true });
    });

    it('answers callbacks, as middleware for express-session expects', async () => {
      expect((await app.browser().post('/callbacks')).json()).toEqual([
        'save undefined',
        'reload undefined',
        'regenerate undefined',
        'destroy undefined',
      ]);
    });

    it('revoke ends a session by its id', async () => {
      const browser = app.browser();
      await browser.post('/write/3');
      await app.app.get(SessionService).revoke((await browser.get('/id')).text);
      expect((await browser.get('/')).json()).toEqual({ data: {}, isNew: true });
    });
  });
});
