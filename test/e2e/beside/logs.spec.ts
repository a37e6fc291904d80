import {
  Controller,
  Get,
  Logger as NestLogger,
  type NestInterceptor,
  Post,
  type Type,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Logger, LoggerModule, type Params } from 'nestjs-pino';
import { MemoryBackend, Session } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../../support/app.js';
import { type Browser, TRANSPORTS } from '../../support/browser.js';
import { importRecipe } from '../../support/examples.js';
import { GatedBackend } from '../../support/gated-backend.js';

const { LoggedSession, logging } = await importRecipe<{
  LoggedSession: Type<NestInterceptor>;
  logging: Omit<Params, 'pinoHttp'> & { pinoHttp: object };
}>('export const logging');

@Controller()
class LoggedController {
  readonly #logger = new NestLogger('handler');

  @Post('sign-in')
  async signIn(@Session() session: Session) {
    await session.regenerate();
    session.userId = 'ada';
    return { id: session.id };
  }
  @Get('log')
  log(@Session() session: Session) {
    this.#logger.log('handled');
    return { id: session.id };
  }
  @Get('fail')
  fail(@Session() session: Session) {
    session.increment('visits');
    throw new Error('no good');
  }
}

/** nestjs-pino has one logger in a process, with the settings of the first that asks. */
const lines: string[] = [];
const stream = { write: (line: string) => void lines.push(line) };
const pinoHttp = { ...logging.pinoHttp, stream };

describe.each(ADAPTERS)('nestjs-pino, on %s', (adapter) => {
  describe.each(TRANSPORTS)('by %s', (transport) => {
    let backend: GatedBackend;
    let app: TestApp;
    beforeEach(async () => {
      lines.length = 0;
      backend = new GatedBackend(new MemoryBackend());
      app = await TestApp.start({
        adapter,
        transport,
        session: { backend },
        imports: [LoggerModule.forRoot({ ...logging, pinoHttp })],
        controllers: [LoggedController],
        providers: [{ provide: APP_INTERCEPTOR, useClass: LoggedSession }],
        prepare: (nest) => nest.useLogger(nest.get(Logger)),
      });
    });
    afterEach(() => app.stop());

    /** What of the browser's token opens something: before it stands the session's id. */
    const secretOf = (browser: Browser, id: string) =>
      browser.token!.slice(id.length, browser.token!.indexOf('.'));

    it('no line has a token, and those of a session have its id', async () => {
      const browser = app.browser();
      const secrets: string[] = [];
      const { id } = (await browser.post('/sign-in')).json<{ id: string }>();
      secrets.push(secretOf(browser, id));
      await browser.post('/sign-in');
      secrets.push(secretOf(browser, id));
      expect((await browser.get('/log')).json()).toEqual({ id });
      expect((await browser.get('/fail')).status).toBe(500);
      expect((await browser.get('/nowhere')).status).toBe(404);
      backend.beforeWrite = () => Promise.reject(new Error('disk full'));
      expect((await browser.get('/fail')).status).toBe(503);

      const requests = lines.filter((line) => line.includes('"msg":"request '));
      expect(requests).toHaveLength(6);
      expect(new Set(secrets).size).toBe(2);
      for (const line of lines) {
        for (const secret of secrets) expect(line).not.toContain(secret);
      }
      const ofLog = lines.filter((line) => line.includes('"url":"/log"'));
      expect(ofLog.map((line) => JSON.parse(line) as object)).toEqual([
        expect.objectContaining({ sessionId: id, context: 'handler', msg: 'handled' }),
        expect.objectContaining({ sessionId: id, msg: 'request completed' }),
      ]);
    });
  });
});
