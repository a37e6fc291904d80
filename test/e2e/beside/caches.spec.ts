import {
  type CallHandler,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  Param,
  Post,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session, SessionService } from 'nestjs-server-session';
import { idIn } from '../../support/ageing.js';
import { ADAPTERS, TestApp } from '../../support/app.js';
import { importRecipe } from '../../support/examples.js';

const { SessionCacheInterceptor } = await importRecipe<{
  SessionCacheInterceptor: Type<NestInterceptor>;
}>('class SessionCacheInterceptor');

/** Writes to the session in each request, whether the handler runs or not. */
@Injectable()
class CountingGuard implements CanActivate {
  constructor(private readonly sessions: SessionService) {}
  async canActivate(context: ExecutionContext) {
    (await this.sessions.of(context)).increment('visits');
    return true;
  }
}

/** As the one above, behind the cache where it is asked first. */
const counting: NestInterceptor = {
  intercept(context: ExecutionContext, next: CallHandler) {
    context.switchToHttp().getRequest<{ session: Session }>().session.increment('field1');
    return next.handle();
  },
};

let handled = 0;

@Controller()
class CachedController {
  @Get('public')
  @UseInterceptors(counting, CacheInterceptor)
  public() {
    return { handled: ++handled };
  }
  @Get('private')
  @UseInterceptors(CacheInterceptor)
  leaked(@Session() session: Session) {
    return { userId: session.userId ?? null };
  }
  @Get('mine')
  @UseInterceptors(SessionCacheInterceptor)
  mine(@Session() session: Session) {
    handled++;
    return session;
  }
  @Post('sign-in/:user')
  signIn(@Session() session: Session, @Param('user') user: string) {
    session.userId = user;
    return session.regenerate();
  }
  @Get('read')
  read(@Session() session: Session) {
    return session;
  }
}

describe.each(ADAPTERS)('CacheInterceptor of @nestjs/cache-manager, on %s', (adapter) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({
      adapter,
      imports: [CacheModule.register()],
      controllers: [CachedController],
      providers: [{ provide: APP_GUARD, useClass: CountingGuard }],
    });
  });
  afterAll(() => app.stop());

  it('an answer from the cache brings nobody’s cookie and loses nobody’s write', async () => {
    const [ada, bob] = [app.browser(), app.browser()];
    const first = await ada.get('/public');
    expect(first.headers.get('x-cache')).toBe('MISS');
    const second = await bob.get('/public');
    expect(second.headers.get('x-cache')).toBe('HIT');
    expect(second.text).toBe(first.text);
    expect([first.setCookies.length, second.setCookies.length]).toEqual([1, 1]);
    expect(bob.token).not.toBe(ada.token);
    expect((await ada.get('/public')).setCookies).toEqual([]);
    expect((await ada.get('/read')).json()).toEqual({ visits: 3, field1: 2 });
    expect((await bob.get('/read')).json()).toEqual({ visits: 2, field1: 1 });
  });

  it('nor where it runs before the session is loaded, as one of the root module does', async () => {
    const cached = await TestApp.start({
      adapter,
      imports: [CacheModule.register()],
      controllers: [CachedController],
      providers: [
        { provide: APP_GUARD, useClass: CountingGuard },
        { provide: APP_INTERCEPTOR, useClass: CacheInterceptor },
      ],
    });
    const sessions = cached.app.get(SessionService);
    const [ada, bob] = [cached.browser(), cached.browser()];
    for (const browser of [ada, bob, ada, bob]) await browser.get('/read');
    expect((await bob.get('/read')).headers.get('x-cache')).toBe('HIT');
    expect((await sessions.get(idIn(ada)))?.data).toEqual({ visits: 2 });
    expect((await sessions.get(idIn(bob)))?.data).toEqual({ visits: 3 });
    await cached.stop();
  });

  it('gives what a handler returned for one user to the next: so it needs the recipe’s key', async () => {
    const [ada, bob] = [app.browser(), app.browser()];
    await ada.post('/sign-in/ada');
    await bob.post('/sign-in/bob');
    expect((await ada.get('/private')).json()).toEqual({ userId: 'ada' });
    expect((await bob.get('/private')).json()).toEqual({ userId: 'ada' });

    for (const [browser, userId] of [
      [ada, 'ada'],
      [bob, 'bob'],
    ] as const) {
      const miss = await browser.get('/mine');
      expect(miss.json()).toMatchObject({ userId });
      expect(miss.headers.get('x-cache')).toBe('MISS');
      const hit = await browser.get('/mine');
      expect(hit.text).toBe(miss.text);
      expect(hit.headers.get('x-cache')).toBe('HIT');
      expect(hit.headers.get('vary')).toContain('Cookie');
    }
  });

  it('by the recipe: nothing is kept for strangers, nor across a sign-in', async () => {
    const stranger = app.browser();
    const before = handled;
    await app.browser().get('/mine');
    const answer = await stranger.get('/mine');
    expect(answer.headers.get('x-cache')).toBeNull();
    expect(handled).toBe(before + 2);
    await stranger.post('/sign-in/bob');
    const mine = await stranger.get('/mine');
    expect(mine.json()).toMatchObject({ userId: 'bob' });
    await stranger.post('/sign-in/ada');
    expect((await stranger.get('/mine')).json()).toMatchObject({ userId: 'ada' });
  });
});

describe.each(['eager', 'lazy'] as const)('the recipe, load: %s', (load) => {
  it.each(ADAPTERS)('works for the whole application, on %s', async (adapter) => {
    const app = await TestApp.start({
      adapter,
      session: { load },
      imports: [CacheModule.register()],
      controllers: [CachedController],
      prepare: (nest) => nest.useGlobalInterceptors(nest.get(SessionCacheInterceptor)),
      providers: [SessionCacheInterceptor],
    });
    const [ada, bob] = [app.browser(), app.browser()];
    await ada.post('/sign-in/ada');
    await bob.post('/sign-in/bob');
    for (const times of [1, 2]) {
      const cache = times === 1 ? 'MISS' : 'HIT';
      const answers = [await ada.get('/read'), await bob.get('/read')];
      expect(answers.map((answer) => answer.headers.get('x-cache'))).toEqual([cache, cache]);
      expect(answers.map((answer) => answer.json()['userId'])).toEqual(['ada', 'bob']);
    }
    await app.stop();
  });
});
