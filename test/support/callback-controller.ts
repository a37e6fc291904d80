import { setImmediate } from 'node:timers/promises';
import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { Session } from 'nestjs-server-session';
import { Gate } from './gated-backend.js';

export const METHODS = ['save', 'regenerate', 'reload', 'destroy'] as const;
type Method = (typeof METHODS)[number];

/** What callbacks were called with and what promises rejected with, by the error's name. */
export const heard: string[] = [];
/** Held by `callback`, where the test asks for it, after the session is loaded. */
export const gate: { current: Gate | undefined } = { current: undefined };

const FORGOTTEN: Record<Method, (session: Session) => unknown> = {
  save: (session) => session.save(),
  regenerate: (session) => session.regenerate(),
  reload: (session) => session.reload(),
  destroy: (session) => session.destroy(),
};

const nameOf = (error: unknown) => (error ? (error as Error).name : 'nothing');

/** Long enough for a promise that nobody handles to be noticed. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await setImmediate();
}

@Controller()
export class CallbackController {
  @Get('session')
  show(@Session() session: Session) {
    return { ...session };
  }
  @Post('visit')
  @HttpCode(200)
  visit(@Session() session: Session) {
    session.increment('visits');
  }
  @Post('callback/:method')
  @HttpCode(200)
  async callback(@Session() session: Session, @Param('method') method: Method) {
    await gate.current?.pass();
    if (method !== 'reload') session.userId = 'ada';
    let isLater = false;
    const result = session[method]((...args: unknown[]) => {
      heard.push(`callback: ${isLater ? args.map(nameOf).join() : 'too early'}`);
    });
    isLater = true;
    await someTurns();
    return { isChained: result === session };
  }
  @Post('promise/:method')
  @HttpCode(200)
  async promise(@Session() session: Session, @Param('method') method: Method) {
    await gate.current?.pass();
    if (method !== 'reload') session.userId = 'ada';
    await session[method]().then(
      () => heard.push('promise: nothing'),
      (error: unknown) => heard.push(`promise: ${nameOf(error)}`),
    );
  }
  /** As people write who don't care: nothing awaited, no callback. */
  @Post('forgotten/:method')
  @HttpCode(200)
  async forgotten(@Session() session: Session, @Param('method') method: Method) {
    session.userId = 'ada';
    void FORGOTTEN[method](session);
    await someTurns();
  }
  @Post('destroy-and-read')
  @HttpCode(200)
  async destroyAndRead(@Session() session: Session) {
    await session.destroy();
    const { visits, isNew } = session;
    return { visits: visits ?? 'none', isNew, keys: Object.keys(session) };
  }
  @Post('destroy-and-write')
  @HttpCode(200)
  async destroyAndWrite(@Session() session: Session) {
    const before = session.id;
    await session.destroy();
    session.userId = 'grace';
    return { before, after: session.id };
  }
}
