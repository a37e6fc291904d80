import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { RedisBackend, Session, SessionService } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { type BackendName, startBackend } from '../support/backends.js';
import { GatedBackend } from '../support/gated-backend.js';
import { BACKENDS } from '../support/matrix.js';
import { RedisServer } from '../support/redis-server.js';
import { Relay } from '../support/relay.js';

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

describe.each(ADAPTERS)('once is once, on %s', (adapter) => {
  let server: RedisServer;
  let relay: Relay;
  let client: Redis;
  let direct: Redis;
  let app: TestApp;
  beforeEach(async () => {
    server = await RedisServer.start();
    relay = await Relay.to(server.port);
    client = server.client({ port: relay.port });
    direct = server.client();
    const session = { backend: new RedisBackend({ client }) };
    app = await TestApp.start({ adapter, session, controllers: [OnceController] });
  });
  afterEach(async () => {
    await app.stop();
    client.disconnect();
    direct.disconnect();
    await relay.stop();
    await server.stop();
  });

  /** Runs a request and loses the reply to its command; ioredis then sends that again. */
  async function losing(command: string, run: () => Promise<{ status: number }>): Promise<void> {
    const { cuts } = relay;
    relay.loseReplyTo(command);
    expect((await run()).status).toBe(200);
    expect(relay.cuts).toBe(cuts + 1);
  }

  it('an increment whose reply was lost counts once, however often that happens', async () => {
    const browser = app.browser();
    await browser.post('/count');
    await browser.post('/count');
    for (let i = 0; i < 5; i++) await losing('evalsha', () => browser.post('/count'));
    expect((await browser.get('/session')).json()).toEqual({ visits: 7 });
  });

  it('a new session whose reply was lost is there', async () => {
    await app.browser().post('/count');
    const browser = app.browser();
    await losing('evalsha', () => browser.post('/count'));
    expect((await browser.get('/session')).json()).toEqual({ visits: 1 });
  });

  it('a rotation whose reply was lost has taken place', async () => {
    const browser = app.browser();
    await browser.post('/count');
    await browser.post('/sign-in');
    await losing('evalsha', () => browser.post('/sign-in'));
    expect((await browser.get('/session')).json()).toEqual({ visits: 1, userId: 'ada' });
  });

  it('what names a change does not stay in the session', async () => {
    const browser = app.browser();
    for (let i = 0; i < 20; i++) await browser.post('/count');
    const id = (await browser.get('/id')).text;
    const names = (await direct.hkeys(`sess:${id}`)).filter((name) => name.startsWith('$op:'));
    expect(names).toHaveLength(1);
    expect((await app.app.get(SessionService).get(id))?.data).toEqual({ visits: 20 });
  });
});

describe.each(ADAPTERS)('once is once where a change timed out, on %s', (adapter) => {
  it.each<BackendName>(BACKENDS)(
    'an increment that was applied after all counts once, with %s',
    async (name) => {
      const inner = await startBackend(name);
      const backend = new GatedBackend(inner.backend);
      const session = { backend, backendTimeout: 0.1 };
      const app = await TestApp.start({ adapter, session, controllers: [OnceController] });
      const browser = app.browser();
      await browser.post('/count');

      // The change is applied, and the answer comes too late.
      backend.afterWrite = () => new Promise(() => {});
      const saving = browser.post('/save-twice');
      await new Promise((resolve) => setTimeout(resolve, 50));
      backend.afterWrite = async () => {};
      expect((await saving).text).toBe('SessionBackendError');
      expect((await browser.get('/session')).json()).toEqual({ visits: 3 });
      await app.stop();
      await inner.stop();
    },
  );
});
