import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { Session } from 'nestjs-server-session';
import { Gate } from './gated-backend.js';

/** Slow requests by name: a test waits until one is under way, and lets it go on. */
export const gates = new Map<string, Gate>();

/** A new gate for `?gate=<name>`. */
export function gate(name: string): Gate {
  const made = new Gate();
  gates.set(name, made);
  return made;
}

/** Requests that change one session and can be held between loading and saving it. */
@Controller()
export class InterleavingController {
  @Get('session')
  show(@Session() session: Session) {
    return { ...session };
  }
  @Get('names')
  names(@Session() session: Session) {
    return { id: session.id, generation: session.generation };
  }
  @Get('slow-read')
  async slowRead(@Session() session: Session, @Query('gate') name: string) {
    await gates.get(name)?.pass();
    return { ...session };
  }
  @Post('set/:number')
  @HttpCode(200)
  async set(
    @Session() session: Session,
    @Param('number') number: string,
    @Query('gate') name = '',
  ) {
    await gates.get(name)?.pass();
    session[`field${Number(number)}`] = Number(number);
  }
  /** Answers by itself, and then ends: what is to be saved is asked for twice. */
  @Post('send/:number')
  async send(
    @Session() session: Session,
    @Param('number') number: string,
    @Res() reply: { status(code: number): { send(body: object): unknown } },
    @Query('gate') name = '',
  ): Promise<void> {
    await gates.get(name)?.pass();
    session[`field${Number(number)}`] = Number(number);
    reply.status(200).send({});
  }
  @Post('delete/:number')
  @HttpCode(200)
  async delete(
    @Session() session: Session,
    @Param('number') number: string,
    @Query('gate') name = '',
  ) {
    await gates.get(name)?.pass();
    delete session[`field${Number(number)}`];
  }
  /** Leaves the session empty and says so at once; the answer comes later. */
  @Post('clear')
  @HttpCode(200)
  async clear(@Session() session: Session, @Query('gate') name = '') {
    session.clear();
    await session.save();
    await gates.get(name)?.pass();
  }
  @Post('increment')
  @HttpCode(200)
  async increment(@Session() session: Session, @Query('gate') name = '') {
    await gates.get(name)?.pass();
    session.increment('visits');
  }
  @Post('merge')
  @HttpCode(200)
  merge(@Session() session: Session, @Body() values: object) {
    session.update(values);
  }
  @Post('touch')
  @HttpCode(200)
  async touch(@Session() session: Session, @Query('gate') name = '') {
    await gates.get(name)?.pass();
    session.touch();
  }
  @Post('sign-in')
  @HttpCode(200)
  async signIn(@Session() session: Session, @Query('gate') name = '') {
    await gates.get(name)?.pass();
    await session.regenerate();
    session.userId = 'ada';
  }
  @Post('sign-out')
  @HttpCode(200)
  async signOut(@Session() session: Session) {
    await session.destroy();
  }
  @Post('save')
  @HttpCode(200)
  async save(@Session() session: Session, @Query('gate') name = '') {
    await gates.get(name)?.pass();
    session.visits = 1;
    return session.save().then(
      () => 'saved',
      (error: Error) => error.name,
    );
  }
  /** Saves before slow work. */
  @Post('save-first/:number')
  @HttpCode(200)
  async saveFirst(
    @Session() session: Session,
    @Param('number') number: string,
    @Query('gate') name = '',
  ) {
    session[`field${Number(number)}`] = Number(number);
    await session.save();
    await gates.get(name)?.pass();
  }
  @Post('reload/:number')
  @HttpCode(200)
  async reload(
    @Session() session: Session,
    @Param('number') number: string,
    @Query('gate') name = '',
  ) {
    await gates.get(name)?.pass();
    const failure = await session.reload().catch((error: Error) => error.name);
    session[`field${Number(number)}`] = Number(number);
    return failure;
  }
  @Post('sign-out-and-set/:number')
  @HttpCode(200)
  async signOutAndSet(@Session() session: Session, @Param('number') number: string) {
    await session.destroy();
    session[`field${Number(number)}`] = Number(number);
  }
  @Post('regenerate')
  @HttpCode(200)
  async regenerate(@Session() session: Session, @Query('gate') name = '') {
    await gates.get(name)?.pass();
    await session.regenerate();
  }
}
