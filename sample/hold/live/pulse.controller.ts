import { Controller, HttpCode, Post } from '@nestjs/common';
import { Session } from 'nestjs-server-session';

/** Nothing here knows of a Redis that may be away: the library answers 503 for it, and 200 when it is back. */
@Controller('pulse')
export class PulseController {
  @Post()
  @HttpCode(200)
  beat(@Session() session: Session) {
    return { beats: session.increment('beats') };
  }
}
