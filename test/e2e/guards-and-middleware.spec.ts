import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  Req,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import { Session, SessionMiddleware, SessionModule, SessionService } from 'nestjs-server-session';
import { tap } from 'rxjs';
import { ADAPTERS, SECRET, TestApp } from '../support/app.js';

const seen: unknown[] = [];

@Injectable()
class Auditor {
  constructor(private readonly sessions: SessionService) {}
  note() {
    seen.push(this.sessions.current);
  }
}

@Injectable()
class SeeingGuard implements CanActivate {
  constructor(private readonly sessions: SessionService) {}
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const session = await this.sessions.of(context);
    seen.push(session);
    session.increment('visits');
    return true;
  }
}

@Controller()
class SharedController {
  constructor(
    private readonly sessions: SessionService,
    private readonly auditor: Auditor,
  ) {}

  @Get('shared')
  @UseGuards(SeeingGuard)
  @UseInterceptors({
    intercept: (context, next) => {
      const request = context.switchToHttp().getRequest<{ session: Session }>();
      return next.handle().pipe(tap(() => seen.push(request.session)));
    },
  })
  async shared(@Session() session: Session, @Req() request: { session: Session }) {
    seen.push(session, request.session, await this.sessions.of(request));
    await new Promise((resolve) => setTimeout(resolve, 5));
    this.auditor.note();
    return { visits: session.visits };
  }
  @Get('current')
  current() {
    return { isThere: this.sessions.current !== undefined };
  }
}

describe.each(ADAPTERS)('guards and middleware, on %s', (adapter) => {
  let app: TestApp;
  afterEach(async () => {
    await app.stop();
    seen.length = 0;
  });
  const session = { current: true };
  const parts = { adapter, session, controllers: [SharedController], providers: [Auditor] };

  it('everybody who asks in one request gets one object', async () => {
    app = await TestApp.start(parts);
    const browser = app.browser();
    expect((await browser.get('/shared')).json()).toEqual({ visits: 1 });
    expect(seen).toHaveLength(6);
    expect(new Set(seen).size).toBe(1);
    expect((await browser.get('/shared')).json()).toEqual({ visits: 2 });
    expect(new Set(seen).size).toBe(2);
  });

  it('current is the session of one’s own request, however many run', async () => {
    app = await TestApp.start(parts);
    const browsers = Array.from({ length: 20 }, () => app.browser());
    for (const browser of browsers) await browser.get('/shared');
    seen.length = 0;
    await Promise.all(browsers.map((browser) => browser.get('/shared')));
    expect(new Set(seen).size).toBe(20);
    expect(app.app.get(SessionService).current).toBeUndefined();
    expect((await browsers[0]!.get('/current')).json()).toEqual({ isThere: true });
  });

  it('SessionMiddleware shows req.session to middleware after it, by consumer.apply', async () => {
    const visit = (request: { session: Session }, _response: unknown, next: () => void) => {
      request.session.increment('visits');
      next();
    };
    @Module({
      imports: [SessionModule.forRoot({ secret: SECRET, load: 'lazy', current: true })],
      controllers: [SharedController],
      providers: [Auditor],
    })
    class MiddlewareModule implements NestModule {
      configure(consumer: MiddlewareConsumer) {
        consumer.apply(SessionMiddleware, visit).forRoutes('{*all}');
      }
    }
    app = await TestApp.start({ adapter, session: null, imports: [MiddlewareModule] });
    const browser = app.browser();
    await browser.get('/current');
    expect((await browser.get('/shared')).json()).toEqual({ visits: 3 });
    expect(new Set(seen).size).toBe(1);
  });

  it('SessionMiddleware shows req.session to middleware after it, by app.use', async () => {
    app = await TestApp.start({
      ...parts,
      prepare: (nest) => {
        nest.use(nest.get(SessionMiddleware).use);
        nest.use((request: { session: Session }, _response: unknown, next: () => void) => {
          seen.push(request.session);
          request.session.increment('visits');
          next();
        });
      },
    });
    const browser = app.browser();
    expect((await browser.get('/shared')).json()).toEqual({ visits: 2 });
    expect(new Set(seen).size).toBe(1);
    expect(browser.cookies['sid']).toBeDefined();
  });

  it('current is there by itself where it costs nothing, from Node 24 on', async () => {
    app = await TestApp.start({ ...parts, session: {} });
    const isThere = Number.parseInt(process.versions.node) >= 24;
    const { status } = await app.browser().get('/current');
    expect(status).toBe(isThere ? 200 : 500);
  });

  it('current says how to have it where it is off', async () => {
    app = await TestApp.start({ ...parts, session: { current: false } });
    expect(() => app.app.get(SessionService).current).toThrow(/write current: true in the options/);
  });

  it('a context that has no request says what to do', async () => {
    app = await TestApp.start(parts);
    await expect(app.app.get(SessionService).of({})).rejects.toThrow(
      /^This Object has no session: .*SessionService.get/,
    );
  });
});
