import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session, SessionService } from 'nestjs-server-session';
import { age, idIn } from '../support/ageing.js';
import { ADAPTERS, TestApp } from '../support/app.js';
import { startBackend, type TestBackend } from '../support/backends.js';

interface Names {
  id: string;
  generation: string;
}

const namesOf = ({ id, generation }: Session): Names => ({ id, generation });

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
    const before = namesOf(session);
    await session.regenerate(keep ? { keep: [keep] } : {});
    session.userId = user;
    return { before, after: namesOf(session) };
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

    it('regenerate gives a new token and generation, keeps id and data, and the old token is dead', async () => {
      const browser = app.browser();
      await browser.post('/write/3');
      const thief = browser.copy();
      const { before, after } = (await browser.post('/sign-in/ada')).json<Record<string, Names>>();
      expect(after!.id).toBe(before!.id);
      expect(after!.generation).not.toBe(before!.generation);
      expect(browser.cookies['sid']).not.toBe(thief.cookies['sid']);
      const data = { visits: 3, flash: ['hello'], userId: 'ada' };
      expect((await browser.get('/')).json()).toEqual({ data, isNew: false });
      expect((await thief.get('/')).json()).toEqual({ data: {}, isNew: true });
      expect((await app.app.get(SessionService).get(before!.id))?.data).toEqual(data);
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

    it('a session left empty has its cookie cleared, and no data', async () => {
      const browser = app.browser();
      await browser.post('/write/3');
      const id = (await browser.get('/id')).text;
      const tab = browser.copy();
      expect((await browser.post('/clear')).setCookies[0]).toMatch(/^sid=; Max-Age=0/);
      expect((await app.app.get(SessionService).get(id))?.data).toEqual({});
      expect((await tab.get('/')).json()).toEqual({ data: {}, isNew: false });
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
      const browser = app.browser();
      const [hour, second] = [3_600_000, 1000];
      await browser.post('/write/3');
      await age(backend.backend, idIn(browser), 30 * second);
      const ages = async () => {
        const { times } = (await browser.get('/facts')).json<{ times: number[] }>();
        return times.map((ms) => Math.round((Date.now() - ms) / 1000));
      };
      expect(await ages()).toEqual([30, 30, 30 - 3600]);
      await age(backend.backend, idIn(browser), 90 * second);
      expect(await ages()).toEqual([120, 120, 120 - 3600]);
      expect(await ages()).toEqual([120, 0, -3600]);
      await age(backend.backend, idIn(browser), hour - 1000 * second);
      await ages();
      expect(await ages()).toEqual([2720, 0, -3600]);
      await age(backend.backend, idIn(browser), hour - 1000 * second);
      await ages();
      expect(await ages()).toEqual([5320, 0, 5320 - 7200]);
    });

    it('touch counts as use at once', async () => {
      const browser = app.browser();
      await browser.post('/write/3');
      await age(backend.backend, idIn(browser), 2000);
      expect((await browser.post('/touch')).setCookies).toHaveLength(1);
      const { times } = (await browser.get('/facts')).json<{ times: number[] }>();
      expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(2000);
    });

    it('ends unused after the idle timeout, and used after the absolute one', async () => {
      const [idle, used] = [app.browser(), app.browser()];
      await idle.post('/write/1');
      await used.post('/write/2');
      const pass = async (minutes: number) => {
        for (const each of [idle, used]) await age(backend.backend, idIn(each), minutes * 60_000);
      };
      for (const minutes of [50, 50, 19]) {
        await pass(minutes);
        expect((await used.get('/')).json()).toMatchObject({ isNew: false });
      }
      expect((await idle.get('/')).json()).toEqual({ data: {}, isNew: true });
      await pass(2);
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

    it('get and revoke take text that is no id for no session, and refuse what is no text', async () => {
      const sessions = app.app.get(SessionService);
      for (const id of ['', 'no id', '__proto__', 'x'.repeat(1000)]) {
        expect(await sessions.get(id)).toBeNull();
        await sessions.revoke(id);
      }
      for (const id of [undefined, null, 1, {}, Symbol('id')] as never[]) {
        const read = sessions.get(id);
        await expect(read).rejects.toThrow(
          /^sessions\.get\(id\) .*: write sessions\.get\(session\.id\)/,
        );
        const ended = sessions.revoke(id);
        await expect(ended).rejects.toThrow(/^sessions\.revoke\(id\) .*: write sessions\.revoke\(/);
        await expect(ended).rejects.toThrow(TypeError);
      }
    });
  });
});
