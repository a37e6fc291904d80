import { Controller, Get, Req } from '@nestjs/common';
import {
  MemoryBackend,
  Session,
  SessionService,
  type SessionModuleOptions,
} from 'nestjs-server-session';
import { type AdapterName, TestApp, type TestAppOptions } from './app.js';

/** Says what each way to a session finds, after it has written one field. */
@Controller()
export class WaysController {
  constructor(private readonly sessions: SessionService) {}

  @Get(['ways', 'ways/:who'])
  async ways(@Session() session: Session, @Req() request: { session?: Session }) {
    const visits = session.increment('visits');
    const of = await this.sessions.of(request);
    return {
      visits,
      isSame: [request.session, of, this.sessions.current].map((one) => one === session),
    };
  }
}

export const ALL_SAME = [true, true, true];

export interface WaysApp {
  app: TestApp;
  backend: MemoryBackend;
}

/** An application with a secret, a cookie and a backend of its own. */
export async function startWays(
  name: string,
  adapter: AdapterName,
  options: Partial<TestAppOptions> & { session?: Partial<SessionModuleOptions> } = {},
): Promise<WaysApp> {
  const backend = new MemoryBackend();
  const app = await TestApp.start({
    adapter,
    controllers: [WaysController],
    ...options,
    session: {
      secret: `the secret of the ${name} application, long enough`,
      cookie: { name },
      current: true,
      backend,
      ...options.session,
    },
  });
  return { app, backend };
}
