import type { ServerResponse } from 'node:http';
import { Body, Controller, Get, Header, HttpCode, Param, Post, Res } from '@nestjs/common';
import { type IssueOptions, Session, SessionService } from 'nestjs-server-session';

type Reply = ServerResponse & { raw?: ServerResponse; hijack?(): void };

/** What clients do that keep their token by themselves. */
@Controller()
export class BearerController {
  constructor(private readonly sessions: SessionService) {}

  @Get('session')
  show(@Session() session: Session) {
    return { ...session };
  }
  @Get('plain')
  plain() {
    return 'plain';
  }
  @Get('count')
  @Header('Cache-Control', 'private, max-age=60')
  count(@Session() session: Session) {
    return { visits: session.increment('visits') };
  }
  @Post('issue/:who')
  @HttpCode(200)
  issue(@Param('who') who: string, @Body() options: IssueOptions) {
    return this.sessions.issue(who, options);
  }
  @Get('stored/:id')
  stored(@Param('id') id: string) {
    return this.sessions.get(id);
  }
  @Post('revoke/:id')
  revoke(@Param('id') id: string) {
    return this.sessions.revoke(id);
  }
  @Post('sign-in')
  @HttpCode(200)
  @Header('Cache-Control', 'private, max-age=60')
  async signIn(@Session() session: Session) {
    await session.regenerate();
    session.userId = 'eve';
  }
  @Post('sign-out')
  @HttpCode(200)
  async signOut(@Session() session: Session) {
    await session.destroy();
  }
  @Post('touch')
  @HttpCode(200)
  touch(@Session() session: Session) {
    session.touch();
  }
  /** Ends the session when its first bytes have left. */
  @Get('late')
  async late(@Session() session: Session, @Res() reply: Reply): Promise<void> {
    void session.userId;
    reply.hijack?.();
    const raw = reply.raw ?? reply;
    raw.write('first');
    await session.destroy();
    raw.end();
  }
  /** Names a token of its own, which must not go out where saving fails. */
  @Post('own-header')
  @HttpCode(200)
  ownHeader(@Session() session: Session, @Res() reply: Reply) {
    session.increment('visits');
    reply.hijack?.();
    const raw = reply.raw ?? reply;
    raw.setHeader('Session-Token', 'mine');
    raw.end('done');
  }
}
