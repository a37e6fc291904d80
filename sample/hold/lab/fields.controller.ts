import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Param, ParseIntPipe, Post, Session } from '@nestjs/common';

/** What any real handler waits for: a database, another service. */
export const WORK_MS = 10;

/**
 * One and the same class runs on both libraries: `@Session()` is Nest's own, and gives what the one at hand has put into
 * `request.session`.
 */
@Controller()
export class FieldsController {
  /** Each request sets a field of its own. */
  @Post('fields/:number')
  async set(
    @Param('number', ParseIntPipe) number: number,
    @Session() session: Record<string, unknown>,
  ) {
    await sleep(WORK_MS);
    session[`field${number}`] = 'kept';
    return { set: number };
  }

  /** Which of them are there. */
  @Get('fields')
  fields(@Session() session: Record<string, unknown>) {
    const names = Object.keys(session).filter((name) => /^field\d+$/.test(name));
    return { kept: names.map((name) => Number(name.slice('field'.length))) };
  }
}
