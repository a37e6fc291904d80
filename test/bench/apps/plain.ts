import { Controller, Get, Module, Post, Res } from '@nestjs/common';
import { type Answer, FIXED_ANSWER } from '../contents.js';

/** Stands in for a session cookie, so that requests are as long as the others'. */
const COOKIE = `sid=s:${'x'.repeat(43)}.${'x'.repeat(43)}`;

interface Reply {
  header(name: string, value: string): unknown;
}

@Controller()
export class PlainController {
  @Post('session')
  begin(@Res({ passthrough: true }) reply: Reply): Answer {
    reply.header('Set-Cookie', COOKIE);
    return FIXED_ANSWER;
  }

  @Post('sized/:fields/:kilobytes')
  beginSized(@Res({ passthrough: true }) reply: Reply): Answer {
    return this.begin(reply);
  }

  @Get(['read', 'sized/read'])
  read(): Answer {
    return FIXED_ANSWER;
  }
}

@Module({ controllers: [PlainController] })
export class PlainModule {}
