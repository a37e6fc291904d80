import { Controller, HttpCode, Post } from '@nestjs/common';
import { Session } from 'nestjs-server-session';

@Controller('visits')
export class VisitsController {
  /** `increment` counts every one of several requests at once; `session.visits += 1` would not. */
  @Post()
  @HttpCode(200)
  count(@Session() session: Session) {
    return { visits: session.increment('visits') };
  }
}
