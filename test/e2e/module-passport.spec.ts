import { Body, Controller, Get, Module, Post, Req, UseGuards } from '@nestjs/common';
import { afterEach, describe, expect, it } from '@jest/globals';
import passport from 'passport';
import { Strategy } from 'passport-local';
import { MemoryBackend, SessionMiddleware } from 'nestjs-server-session';
import { TestApp } from '../support/app.js';

interface PassportRequest {
  user?: { name: string };
  isAuthenticated(): boolean;
  logIn(user: object, done: (error?: unknown) => void): void;
}

class SignedIn {
  canActivate(context: { switchToHttp(): { getRequest(): PassportRequest } }): boolean {
    return context.switchToHttp().getRequest().isAuthenticated();
  }
}

@Controller()
class AccountController {
  @Post('sign-in')
  signIn(@Req() request: PassportRequest, @Body() { name }: { name: string }) {
    return new Promise<object>((resolve, reject) => {
      request.logIn({ name }, (error) => (error ? reject(error) : resolve({ name })));
    });
  }
  @Get('me')
  @UseGuards(SignedIn)
  me(@Req() request: PassportRequest) {
    return request.user;
  }
}

@Module({ controllers: [AccountController] })
class AccountModule {}

let app: TestApp;
afterEach(() => app.stop());

describe.each(['eager', 'lazy'] as const)(
  'passport in main.ts, as its documentation has it, load: %s',
  (load) => {
    it('keeps a user signed in', async () => {
      const authenticator = new passport.Passport();
      authenticator.use(new Strategy((name, _password, done) => done(null, { name })));
      authenticator.serializeUser((user, done) => done(null, (user as { name: string }).name));
      authenticator.deserializeUser((name: string, done) => done(null, { name }));
      const backend = new MemoryBackend();
      app = await TestApp.start({
        adapter: 'express',
        session: { load, backend },
        imports: [AccountModule],
        prepare: (nest) => {
          nest.use(nest.get(SessionMiddleware).use);
          nest.use(authenticator.initialize());
          nest.use(authenticator.session());
        },
      });
      const browser = app.browser();
      expect((await browser.get('/me')).status).toBe(403);
      expect((await browser.postJson('/sign-in', { name: 'ada' })).status).toBe(201);
      expect((await browser.get('/me')).json()).toEqual({ name: 'ada' });
      expect((await app.browser().get('/me')).status).toBe(403);
      expect(backend.size).toBe(1);
    });
  },
);
