import { Controller, Inject, Param, Post } from '@nestjs/common';
import { Session, type SessionModuleOptions, SessionService } from 'nestjs-server-session';
import { cookieSessions } from 'nestjs-server-session/cookie';
import { type AdapterName, TestApp, type TestAppOptions } from './app.js';
import type { Answer, Browser } from './browser.js';

type Handler = (session: Session, sessions: SessionService) => unknown;

/** What the next requests have their handler do. */
const handlers = new Map<string, Handler>();
let count = 0;

@Controller()
export class ScriptController {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @Post('run/:number')
  run(@Session() session: Session, @Param('number') number: string) {
    return handlers.get(number)!(session, this.sessions);
  }
}

/** Runs something as the handler of a request of a browser. */
export function run(browser: Browser, handler: Handler): Promise<Answer> {
  const number = String(count++);
  handlers.set(number, handler);
  return browser.post(`/run/${number}`);
}

/** An application whose sessions are in their cookies. */
export function startCookieApp(
  adapter: AdapterName,
  session: Partial<SessionModuleOptions> = {},
  others: Partial<TestAppOptions> = {},
): Promise<TestApp> {
  const { controllers = [], ...rest } = others;
  return TestApp.start({
    adapter,
    session: { backend: cookieSessions(), ...session },
    controllers: [ScriptController, ...controllers],
    ...rest,
  });
}
