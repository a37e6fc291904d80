import { Controller, Get, Post } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  SkipThrottle,
  type ThrottlerGuard,
  ThrottlerModule,
  ThrottlerStorage,
  ThrottlerStorageService,
} from '@nestjs/throttler';
import { MemoryBackend, Session } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../../support/app.js';
import { importRecipe } from '../../support/examples.js';
import { GatedBackend } from '../../support/gated-backend.js';

const { SessionThrottlerGuard } = await importRecipe<{
  SessionThrottlerGuard: new (...args: never[]) => ThrottlerGuard;
}>('class SessionThrottlerGuard');

const LIMIT = 3;

@Controller()
class LimitedController {
  @Get('limited')
  limited() {
    return 'fine';
  }
  @Post('visit')
  @SkipThrottle()
  visit(@Session() session: Session) {
    session.increment('visits');
  }
  @Post('sign-in')
  @SkipThrottle()
  async signIn(@Session() session: Session) {
    await session.regenerate();
    session.userId = 'ada';
  }
}

describe.each(ADAPTERS)('@nestjs/throttler keyed by the session, on %s', (adapter) => {
  const backend = new GatedBackend(new MemoryBackend());
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({
      adapter,
      session: { backend },
      imports: [ThrottlerModule.forRoot([{ ttl: 60_000, limit: LIMIT }])],
      controllers: [LimitedController],
      providers: [{ provide: APP_GUARD, useClass: SessionThrottlerGuard }],
    });
  });
  beforeEach(() => {
    app.app.get<InstanceType<typeof ThrottlerStorageService>>(ThrottlerStorage).storage.clear();
  });
  afterAll(() => app.stop());

  async function statuses(browser: ReturnType<TestApp['browser']>, count = LIMIT + 1) {
    const found = [];
    for (let times = 0; times < count; times++) {
      found.push((await browser.get('/limited')).status);
    }
    return found;
  }
  const allowed = Array.from({ length: LIMIT }, () => 200);
  const limited = [...allowed, 429];

  it('gives each session that is signed in a bucket of its own, behind one address', async () => {
    const [ada, bob] = [app.browser(), app.browser()];
    for (const browser of [ada, bob]) await browser.post('/sign-in');
    expect(await statuses(ada)).toEqual(limited);
    expect(await statuses(bob)).toEqual(limited);
  });

  it('keeps the bucket of a session whose token is new', async () => {
    const ada = app.browser();
    await ada.post('/sign-in');
    expect(await statuses(ada, LIMIT)).toEqual(allowed);
    await ada.post('/sign-in');
    expect(await statuses(ada, 1)).toEqual([429]);
  });

  it('counts all others by address, also whoever drops his session for a new one', async () => {
    expect(await statuses(app.browser(), 2)).toEqual([200, 200]);
    const visitor = app.browser();
    await visitor.post('/visit');
    expect(await statuses(visitor, 2)).toEqual([200, 429]);
    expect(await statuses(app.browser(), 1)).toEqual([429]);
  });

  it('costs the one read that the handler has anyway, and none without a token', async () => {
    const ada = app.browser();
    await ada.post('/sign-in');
    backend.reads = 0;
    await statuses(app.browser(), 1);
    expect(backend.reads).toBe(0);
    await statuses(ada, 1);
    expect(backend.reads).toBe(1);
  });
});
