import {
  Controller,
  Get,
  HttpCode,
  type INestApplication,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  Post,
  Redirect,
  Req,
  RequestMethod,
} from '@nestjs/common';
import flash from 'connect-flash';
import { csrfSync } from 'csrf-sync';
import passport from 'passport';
import { Strategy } from 'passport-local';
import {
  Session,
  type SessionBackend,
  SessionMiddleware,
  type SessionModuleOptions,
} from 'nestjs-server-session';
import { TestApp } from './app.js';

/** A request as passport, connect-flash and csrf-sync furnish it. */
interface FurnishedRequest {
  user?: { name: string };
  isAuthenticated(): boolean;
  logout(options: { keepSessionInfo?: boolean }, done: (error?: unknown) => void): void;
  flash(): Record<string, string[]>;
  flash(type: string, message: string): number;
  csrfToken(overwrite?: boolean): string;
}

export const PASSWORD = 'open sesame';
export const WRONG_PASSWORD = 'That is not the password of %s.';

const csrf = csrfSync();
export const authenticator = new passport.Passport();
authenticator.use(
  new Strategy((name, password, done) => {
    if (password === PASSWORD) done(null, { name });
    else done(null, false, { message: WRONG_PASSWORD });
  }),
);
authenticator.serializeUser((user, done) => done(null, (user as { name: string }).name));
authenticator.deserializeUser((name: string, done) => done(null, { name }));

@Controller()
class AccountController {
  @Get('me')
  me(@Session() session: Session, @Req() request: FurnishedRequest) {
    const { visits } = session;
    return {
      id: session.id,
      generation: session.generation,
      user: request.user?.name,
      isSignedIn: request.isAuthenticated(),
      visits,
    };
  }
  @Post('visit')
  visit(@Session() session: Session) {
    return { visits: session.increment('visits') };
  }
  /** `login`, `login-keeping` and `login-flashing` are passport's; this comes after it. */
  @Post(['login', 'login-keeping', 'login-flashing'])
  @HttpCode(200)
  signedIn(@Req() request: FurnishedRequest) {
    return { user: request.user?.name };
  }
  @Post('login-rotating-csrf')
  @HttpCode(200)
  signedInWithToken(@Req() request: FurnishedRequest) {
    return { csrf: request.csrfToken(true) };
  }
  @Post('logout')
  @HttpCode(200)
  logout(@Req() request: FurnishedRequest) {
    return new Promise<void>((resolve, reject) => {
      request.logout({}, (error) => (error ? reject(error) : resolve()));
    });
  }
  @Post('notes')
  @Redirect('/notes', 303)
  note(@Req() request: FurnishedRequest) {
    request.flash('info', 'saved');
    request.flash('info', 'and sent');
    request.flash('warning', 'late');
  }
  @Get('notes')
  notes(@Req() request: FurnishedRequest) {
    return request.flash();
  }
  @Get('csrf')
  csrfToken(@Req() request: FurnishedRequest) {
    return { csrf: request.csrfToken() };
  }
  @Post('transfer')
  @HttpCode(200)
  transfer() {
    return { isDone: true };
  }
}

/** Passport and csrf-sync at the routes they protect, where bodies are parsed. */
@Module({ controllers: [AccountController] })
class AccountModule implements NestModule {
  configure(consumer: MiddlewareConsumer) {
    const post = (path: string) => ({ path, method: RequestMethod.POST });
    consumer
      .apply(authenticator.authenticate('local'))
      .forRoutes(post('login'), post('login-rotating-csrf'));
    consumer
      .apply(authenticator.authenticate('local', { keepSessionInfo: true }))
      .forRoutes(post('login-keeping'));
    consumer
      .apply(authenticator.authenticate('local', { failureFlash: true, failureRedirect: '/notes' }))
      .forRoutes(post('login-flashing'));
    consumer.apply(csrf.csrfSynchronisedProtection).forRoutes(post('transfer'));
  }
}

function prepare(app: INestApplication): void {
  app.use(app.get(SessionMiddleware).use);
  app.use(authenticator.initialize());
  app.use(authenticator.session());
  app.use(flash());
  app.use((request: FurnishedRequest, _response: unknown, next: () => void) => {
    request.csrfToken = (overwrite) => csrf.generateToken(request as never, overwrite);
    next();
  });
}

/** An Express application whose accounts are kept by middleware that others wrote for express-session. */
export function startPassportApp(
  backend: SessionBackend,
  options: Partial<SessionModuleOptions> = {},
): Promise<TestApp> {
  return TestApp.start({
    adapter: 'express',
    session: { backend, ...options },
    imports: [AccountModule],
    prepare,
  });
}
