import {
  type ArgumentsHost,
  BadRequestException,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Get,
  HttpException,
  Inject,
  Injectable,
  mixin,
  type NestInterceptor,
  Param,
  ParseIntPipe,
  Scope,
  type Type,
  UseGuards,
  ValidationPipe,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, REQUEST } from '@nestjs/core';
import { afterEach, describe, expect, it } from 'vitest';
import { Session, SessionService } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../../support/app.js';

let app: TestApp;
afterEach(() => app.stop());

/** One for each request, and for the whole application. */
@Injectable({ scope: Scope.REQUEST })
class CountingGuard implements CanActivate {
  constructor(private readonly sessions: SessionService) {}
  async canActivate(context: ExecutionContext) {
    (await this.sessions.of(context)).increment('visits');
    return true;
  }
}

/** A guard made for each of its uses. */
function NeedsFlash(text: string): Type<CanActivate> {
  @Injectable()
  class FlashGuard implements CanActivate {
    @Inject(SessionService) private readonly sessions!: SessionService;

    async canActivate(context: ExecutionContext) {
      return (await this.sessions.of(context)).flash?.includes(text) ?? false;
    }
  }
  return mixin(FlashGuard);
}

@Catch(HttpException)
class RememberingFilter implements ExceptionFilter {
  constructor(private readonly sessions: SessionService) {}
  async catch(error: HttpException, host: ArgumentsHost) {
    const http = host.switchToHttp();
    const session = await this.sessions.of(http.getRequest<object>());
    session.flash = [...(session.flash ?? []), error.name];
    http
      .getResponse<{ status(code: number): { send(body: object): void } }>()
      .status(error.getStatus())
      .send({ caught: error.name });
  }
}
@Injectable({ scope: Scope.REQUEST })
class Visit {
  constructor(
    @Inject(REQUEST) private readonly request: object,
    private readonly sessions: SessionService,
  ) {}
  session(): Promise<Session> {
    return this.sessions.of(this.request);
  }
}

@Controller({ path: 'scoped', scope: Scope.REQUEST })
class ScopedController {
  constructor(private readonly visit: Visit) {}
  @Get()
  async scoped(@Session() session: Session) {
    const ofProvider = await this.visit.session();
    return { isSame: ofProvider === session, visits: ofProvider.visits };
  }
  @Get('refused')
  refused() {
    throw new BadRequestException();
  }
  @Get('needs-flash')
  @UseGuards(NeedsFlash('BadRequestException'))
  needsFlash(@Session('flash') flash: string[]) {
    return flash;
  }
  @Get('number/:number')
  number(@Param('number', ParseIntPipe) number: number, @Session() session: Session) {
    session.field1 = number;
    return { visits: session.visits };
  }
}

describe.each(ADAPTERS)('enhancers and scopes, on %s', (adapter) => {
  it('request-scoped guards, providers and controllers, mixins and filters share one session', async () => {
    app = await TestApp.start({
      adapter,
      controllers: [ScopedController],
      providers: [
        Visit,
        { provide: APP_GUARD, useClass: CountingGuard },
        { provide: APP_FILTER, useClass: RememberingFilter },
        { provide: APP_PIPE, useClass: ValidationPipe },
      ],
    });
    const browser = app.browser();
    expect((await browser.get('/scoped')).json()).toEqual({ isSame: true, visits: 1 });
    expect((await browser.get('/scoped/needs-flash')).status).toBe(403);
    expect((await browser.get('/scoped/refused')).json()).toEqual({
      caught: BadRequestException.name,
    });
    expect((await browser.get('/scoped/number/none')).status).toBe(400);
    const flash = [ForbiddenException, BadRequestException, BadRequestException];
    expect((await browser.get('/scoped/needs-flash')).json()).toEqual(
      flash.map(({ name }) => name),
    );
    expect((await browser.get('/scoped/number/7')).json()).toEqual({ visits: 6 });
  });

  it('an interceptor that runs before the session is loaded has it by sessions.of', async () => {
    const seen: unknown[] = [];
    /** Of the root module: those of a module imported after SessionModule find `request.session`. */
    @Injectable()
    class EarlyInterceptor implements NestInterceptor {
      constructor(private readonly sessions: SessionService) {}
      async intercept(context: ExecutionContext, next: CallHandler) {
        const request = context.switchToHttp().getRequest<{ session?: Session }>();
        seen.push(request.session);
        const session = await this.sessions.of(context);
        seen.push(request.session === session);
        session.increment('visits');
        return next.handle();
      }
    }
    app = await TestApp.start({
      adapter,
      controllers: [ScopedController],
      providers: [Visit, { provide: APP_INTERCEPTOR, useClass: EarlyInterceptor }],
    });
    expect((await app.browser().get('/scoped')).json()).toEqual({ isSame: true, visits: 1 });
    expect(seen).toEqual([undefined, true]);
  });
});
