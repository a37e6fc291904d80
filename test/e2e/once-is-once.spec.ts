import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Session, SessionService } from 'nestjs-server-session';
import { TestApp } from '../support/app.js';
import { startBackend, type TestBackend } from '../support/backends.js';
import { GatedBackend } from '../support/gated-backend.js';
import { CELLS, REDIS_CELLS } from '../support/matrix.js';
import { START_MS } from '../support/shared-servers.js';
import { until } from '../support/until.js';
import { RelayedRedis } from '../support/relayed-redis.js';

@Controller()
class OnceController {
  @Get('session')
  show(@Session() session: Session) {
    return { ...session };
  }
  @Get('id')
  id(@Session() session: Session) {
    return session.id;
  }
  @Post('count')
  @HttpCode(200)
  count(@Session() session: Session) {
    session.increment('visits');
  }
  @Post('sign-in')
  @HttpCode(200)
  async signIn(@Session() session: Session) {
    await session.regenerate();
    session.userId = 'ada';
  }
  @Post('set/:value')
  @HttpCode(200)
  async set(@Session() session: Session, @Param('value') value: string) {
    (session as unknown as Record<string, unknown>)['color'] = value;
    await session.save().catch(() => {});
  }
  @Post('save-twice')
  @HttpCode(200)
  async saveTwice(@Session() session: Session) {
    session.increment('visits');
    const first = await session.save().then(
      () => 'saved',
      (error: Error) => error.name,
    );
    session.increment('visits');
    return first;
  }
}

/** What only one kind of command contains. */
const SCRIPT = '\r\neval';

describe.each(REDIS_CELLS)('once is once, with $name on $adapter, by $transport', (cell) => {
  const { name, adapter, transport } = cell;
  let redis: RelayedRedis;
  let app: TestApp;
  beforeEach(async () => {
    redis = await RelayedRedis.start(name);
    const session = { backend: redis.backend };
    app = await TestApp.start({ adapter, transport, session, controllers: [OnceController] });
  }, START_MS);
  afterEach(async () => {
    await app.stop();
    await redis.stop();
  });

  async function losing(command: string, run: () => Promise<{ status: number }>): Promise<void> {
    const { cuts } = redis;
    const { status } = await redis.losingReplyTo(command, run);
    expect(status).toBe(redis.sendsAgain ? 200 : 503);
    expect(redis.cuts).toBe(cuts + 1);
  }

  it('an increment whose reply was lost counts once, however often that happens', async () => {
    const browser = app.browser();
    await browser.post('/count');
    await browser.post('/count');
    for (let i = 0; i < 5; i++) {
      await losing(SCRIPT, () => browser.post('/count'));
      await until('a connection', async () => (await browser.get('/session')).status === 200);
    }
    expect((await browser.get('/session')).json()).toEqual({ visits: 7 });
  });

  it('a new session whose reply was lost is there', async () => {
    await app.browser().post('/count');
    const browser = app.browser();
    await losing(SCRIPT, () => browser.post('/count'));
    // Who was answered 503 was sent no cookie.
    expect((await browser.get('/session')).json()).toEqual(redis.sendsAgain ? { visits: 1 } : {});
  });

  it('a sign-in whose reply was lost has taken place', async () => {
    const browser = app.browser();
    await browser.post('/count');
    await browser.post('/sign-in');
    await losing(SCRIPT, () => browser.post('/sign-in'));
    const signedIn = { visits: 1, userId: 'ada' };
    expect((await browser.get('/session')).json()).toEqual(redis.sendsAgain ? signedIn : {});
  });

  it('what names a change does not stay in the session', async () => {
    const browser = app.browser();
    for (let i = 0; i < 20; i++) await browser.post('/count');
    const id = (await browser.get('/id')).text;
    const stored = await redis.direct.get(`sess:${id}`);
    expect(stored!.match(/\$op:/g)).toHaveLength(1);
    expect((await app.app.get(SessionService).get(id))?.data).toEqual({ visits: 20 });
  });
});

describe.each(CELLS)(
  'once is once where a change timed out, with $name on $adapter, by $transport',
  ({ name, adapter, transport }) => {
    let inner: TestBackend;
    let backend: GatedBackend;
    let app: TestApp;
    beforeEach(async () => {
      inner = await startBackend(name);
      backend = new GatedBackend(inner.backend);
      const session = { backend, backendTimeout: 0.4 };
      app = await TestApp.start({ adapter, transport, session, controllers: [OnceController] });
    }, START_MS);
    afterEach(async () => {
      await app.stop();
      await inner.stop();
    });

    it('an increment that was applied after all counts once', async () => {
      const browser = app.browser();
      await browser.post('/count');

      // The change is applied, and the answer comes too late.
      let isFirst = true;
      backend.afterWrite = async () => {
        if (!isFirst) return;
        isFirst = false;
        await new Promise(() => {});
      };
      expect((await browser.post('/save-twice')).text).toBe('SessionBackendError');
      expect((await browser.get('/session')).json()).toEqual({ visits: 3 });
    });

    it('a field that was set and whose answer is late is not set again, over a newer one', async () => {
      const browser = app.browser();
      await browser.post('/set/first');
      let isFirst = true;
      backend.afterWrite = async () => {
        if (!isFirst) return;
        isFirst = false;
        await browser.copy().post('/set/newer');
        await new Promise(() => {});
      };
      await browser.post('/set/older');
      expect((await browser.get('/session')).json()).toEqual({ color: 'newer' });
    });
  },
);
