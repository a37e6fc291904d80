import { once } from 'node:events';
import {
  type IncomingMessage,
  request as httpRequest,
  type Server,
  ServerResponse,
} from 'node:http';
import { Controller, Get, type INestApplication } from '@nestjs/common';
import { stringifyCookie } from 'cookie';
import { afterEach, describe, expect, it } from 'vitest';
import { CrossSiteError, Session, SessionMiddleware, SessionService } from 'nestjs-server-session';
import { idIn } from '../support/ageing.js';
import { ADAPTERS, TestApp } from '../support/app.js';
import { until } from '../support/until.js';

@Controller()
class VisitsController {
  @Get('visits')
  visits(@Session() session: Session) {
    return { visits: session.increment('visits') };
  }
}

type Upgraded = IncomingMessage & { session: Session };

let app: TestApp;
afterEach(() => app.stop());

/** Upgrades a connection, as a WebSocket does, and gives what the server did with the request. */
async function upgrade<T>(
  cookies: Record<string, string>,
  use: (request: Upgraded) => Promise<T>,
  middleware: SessionMiddleware['use'] = app.app.get(SessionMiddleware).use,
  more: Record<string, string> = {},
) {
  const server = app.app.getHttpServer() as Server;
  const upgraded = new Promise<T>((resolve, reject) => {
    server.once('upgrade', (request, socket) => {
      middleware(request, {}, (error) => {
        const used = error ? Promise.reject(error) : use(request as Upgraded);
        used.finally(() => socket.destroy()).then(resolve, reject);
      });
    });
  });
  const cookie = stringifyCookie(cookies);
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    ...(cookie && { cookie }),
    ...more,
  };
  const asked = httpRequest(app.url, { headers }).on('error', () => {});
  asked.end();
  await Promise.race([once(asked, 'close'), upgraded]);
  return upgraded;
}

describe.each(ADAPTERS)('SessionMiddleware on an upgrade, on %s', (adapter) => {
  const start = async (): Promise<INestApplication> => {
    app = await TestApp.start({ adapter, controllers: [VisitsController] });
    return app.app;
  };

  it('tells of one that another site has sent as it tells of every failure', async () => {
    await start();
    const browser = app.browser();
    await browser.get('/visits');
    const origin = { origin: 'https://evil.example' };
    const upgrading = upgrade(
      browser.cookies,
      async ({ session }) => session.id,
      undefined,
      origin,
    );
    await expect(upgrading).rejects.toBeInstanceOf(CrossSiteError);
  });

  it('tells of a function among the options that fails', async () => {
    const session = {
      trustedOrigins: () => {
        throw new Error('of the function');
      },
    };
    app = await TestApp.start({ adapter, session, controllers: [VisitsController] });
    const browser = app.browser();
    await browser.get('/visits');
    const origin = { origin: 'null' };
    const upgrading = upgrade(
      browser.cookies,
      async (request) => request.session.id,
      undefined,
      origin,
    );
    await expect(upgrading).rejects.toThrow('of the function');
  });

  it('gives the session of the cookie, to read and to save', async () => {
    const sessions = (await start()).get(SessionService);
    const browser = app.browser();
    await browser.get('/visits');
    const found = await upgrade(browser.cookies, async (request) => {
      const { session } = request;
      expect(await sessions.of(request)).toBe(session);
      session.increment('visits', 10);
      await session.save();
      return session.visits;
    });
    expect(found).toBe(11);
    expect((await browser.get('/visits')).json()).toEqual({ visits: 12 });
  });

  it('is not needed: of() finds the session of an upgrade, and what is changed is saved by itself', async () => {
    const sessions = (await start()).get(SessionService);
    const browser = app.browser();
    await browser.get('/visits');
    await upgrade(
      browser.cookies,
      async (request) => {
        const session = await sessions.of(request);
        expect(await sessions.of(request)).toBe(session);
        session.increment('visits', 10);
      },
      (_request, _response, next) => next(),
    );
    await until('the change', async () => (await sessions.get(idIn(browser)))?.data.visits === 11);
  });

  it('saves what is changed by itself, also where somebody has made a response for it', async () => {
    const nest = await start();
    const { use } = nest.get(SessionMiddleware);
    const browser = app.browser();
    await browser.get('/visits');
    await upgrade(
      browser.cookies,
      async ({ session }) => void session.increment('visits', 10),
      (request, _response, next) => use(request, new ServerResponse(request), next),
    );
    const stored = () => nest.get(SessionService).get(idIn(browser));
    await until('the change', async () => (await stored())?.data.visits === 11);
  });

  it('leaves a request that asks for another protocol to its handler where nobody takes upgrades', async () => {
    await start();
    const headers = { connection: 'Upgrade', upgrade: 'h2c' };
    const asked = httpRequest(`${app.url}/visits`, { headers }).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(200);
    answer.resume();
  });

  it('gives an empty one to a stranger', async () => {
    await start();
    const found = await upgrade({}, async ({ session }) => session.isNew);
    expect(found).toBe(true);
  });
});
