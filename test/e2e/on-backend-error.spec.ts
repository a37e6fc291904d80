import { Controller, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { afterAll, describe, expect, it } from 'vitest';
import { MemoryBackend, Session } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import type { Browser } from '../support/browser.js';
import { GatedBackend } from '../support/gated-backend.js';
import { RETRIED } from '../support/retried.js';
import { expectRefused } from '../support/troubled-app.js';

/** Writes, which need the session that could not be read. */
const WRITES: Record<string, (session: Session) => unknown> = {
  assign: (session) => (session.visits = 5),
  set: (session) => session.set('visits', 5),
  update: (session) => session.update({ visits: 5 }),
  increment: (session) => session.increment('visits'),
  save: (session) => session.save(),
  reload: (session) => session.reload(),
  regenerate: (session) => session.regenerate(),
  destroy: (session) => session.destroy(),
  delete: (session) => session.delete('visits'),
  'delete operator': (session) => delete session.visits,
  clear: (session) => session.clear(),
  touch: (session) => session.touch(),
};

@Controller()
class AnonymousController {
  @Get('session')
  show(@Session() session: Session) {
    return { ...session };
  }
  @Post('set')
  @HttpCode(200)
  set(@Session() session: Session) {
    session.visits = 1;
  }
  @Post('take')
  @HttpCode(200)
  take(@Session() session: Session) {
    return session.take('visits') ?? 'nothing';
  }
  @Post('do/:what')
  @HttpCode(200)
  async do(@Session() session: Session, @Param('what') what: string) {
    await WRITES[what]!(session);
    return { ...session };
  }
  @Post('try/:what')
  @HttpCode(200)
  async try(@Session() session: Session, @Param('what') what: string) {
    try {
      await WRITES[what]!(session);
      return 'done';
    } catch (error) {
      return (error as Error).name;
    }
  }
  @Post('discard')
  @HttpCode(200)
  discard(@Session() session: Session, @Req() request: { session: unknown }) {
    request.session = null;
    return { ...session };
  }
  @Get('plain')
  plain() {
    return 'plain';
  }
}

const LOADS = ['eager', 'lazy'] as const;
const CELLS = ADAPTERS.flatMap((adapter) => LOADS.map((load) => ({ adapter, load })));

describe.each(CELLS)('onBackendError, on $adapter, $load', RETRIED, ({ adapter, load }) => {
  const backend = new GatedBackend(new MemoryBackend());
  const apps = new Map<string | undefined, TestApp>();
  let browser: Browser;
  afterAll(() => Promise.all([...apps.values()].map((app) => app.stop())));

  async function start(onBackendError?: 'fail' | 'anonymous'): Promise<TestApp> {
    const session = { backend, load, ...(onBackendError && { onBackendError }) };
    return TestApp.start({ adapter, session, controllers: [AnonymousController] });
  }

  /** The backend fails after a visitor got a session. */
  async function failing(how?: 'fail' | 'anonymous'): Promise<void> {
    const app = apps.get(how) ?? (await start(how));
    apps.set(how, app);
    backend.beforeRead = backend.beforeWrite = async () => {};
    browser = app.browser();
    await browser.post('/set');
    backend.beforeRead = backend.beforeWrite = async () => {
      throw new Error('refused');
    };
    backend.writes.length = 0;
  }

  async function expectAllThere(): Promise<void> {
    backend.beforeRead = backend.beforeWrite = async () => {};
    expect((await browser.get('/session')).json()).toEqual({ visits: 1 });
    expect((await browser.post('/do/increment')).json()).toEqual({ visits: 2 });
  }

  it.each([undefined, 'fail' as const])(
    '%s: whoever asks for the session gets 503',
    async (how) => {
      await failing(how);
      const before = { ...browser.cookies };
      await expectRefused(browser.get('/session'));
      await expectRefused(browser.post('/do/increment'));
      expect((await browser.get('/plain')).status).toBe(load === 'eager' ? 503 : 200);
      expect(browser.cookies).toEqual(before);
      await expectAllThere();
    },
  );

  it('anonymous: reading goes on with an empty session', async () => {
    await failing('anonymous');
    const answer = await browser.get('/session');
    expect([answer.status, answer.text, answer.setCookies]).toEqual([200, '{}', []]);
    expect((await browser.get('/plain')).text).toBe('plain');
    await expectAllThere();
  });

  it('anonymous: there is nothing to take', async () => {
    await failing('anonymous');
    const answer = await browser.post('/take');
    expect([answer.status, answer.text, answer.setCookies]).toEqual([200, 'nothing', []]);
    expect(backend.writes).toEqual([]);
    await expectAllThere();
  });

  it.each(Object.keys(WRITES))('anonymous: %s is 503, and nothing of it stays', async (what) => {
    await failing('anonymous');
    const before = { ...browser.cookies };
    await expectRefused(browser.post(`/do/${what}`));
    const tried = await browser.post(`/try/${what}`);
    expect([tried.status, tried.text, tried.setCookies]).toEqual([200, 'SessionBackendError', []]);
    expect(backend.writes).toEqual([]);
    expect(browser.cookies).toEqual(before);
    await expectAllThere();
  });

  it('anonymous: request.session = null is 503, and the session lives on', async () => {
    await failing('anonymous');
    await expectRefused(browser.post('/discard'));
    await expectAllThere();
  });

  it('anonymous: a new visitor who writes gets 503, and one who only looks is served', async () => {
    await failing('anonymous');
    const stranger = apps.get('anonymous')!.browser();
    await expectRefused(stranger.post('/set'));
    expect((await stranger.get('/session')).text).toBe('{}');
    expect(stranger.cookies).toEqual({});
    await expectAllThere();
  });
});
