import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { request as httpRequest } from 'node:http';
import {
  All,
  Catch,
  Controller,
  type ExceptionFilter,
  type ArgumentsHost,
  Get,
  HttpCode,
  Injectable,
  Post,
  type CanActivate,
  type ExecutionContext,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import {
  CrossSiteError,
  MemoryBackend,
  Session,
  type SessionModuleOptions,
  SessionOptionsError,
  SessionService,
} from 'nestjs-server-session';
import { cookieSessions } from 'nestjs-server-session/cookie';
import { signedIn } from 'nestjs-server-session/testing';
import { ADAPTERS, SECRET, TestApp } from '../support/app.js';
import { GatedBackend } from '../support/gated-backend.js';
import { connect, PLATFORMS, useGateways } from '../support/gateway-client.js';
import { CounterGateway } from '../support/gateway-kinds.js';

const done: string[] = [];

@Injectable()
class LookingGuard implements CanActivate {
  constructor(private readonly sessions: SessionService) {}
  async canActivate(context: ExecutionContext) {
    return (await this.sessions.of(context)).principal !== undefined;
  }
}

@Catch(CrossSiteError)
class OwnFilter implements ExceptionFilter {
  catch(error: CrossSiteError, host: ArgumentsHost) {
    const reply = host
      .switchToHttp()
      .getResponse<{ status(code: number): { send(b: object): void } }>();
    reply.status(error.getStatus()).send({ mine: error.name });
  }
}

@Controller()
class ShopController {
  @All('buy')
  @HttpCode(201)
  buy(@Session() session: Session) {
    done.push('buy');
    return { visits: session.increment('visits') };
  }
  @Post('guarded')
  @UseGuards(LookingGuard)
  guarded() {
    done.push('guarded');
    return 'guarded';
  }
  @Post('filtered')
  @UseFilters(OwnFilter)
  filtered(@Session() session: Session) {
    return session.id;
  }
  @Post('hook')
  hook() {
    done.push('hook');
    return 'hook';
  }
  @Get('look')
  look(@Session() session: Session) {
    return { visits: session.visits ?? 0 };
  }
}

/** What browsers and others send, and whether a page of another origin has sent it, seen from shop.example. */
const OWN = {
  'of a page of the application': {
    'sec-fetch-site': 'same-origin',
    origin: 'https://shop.example',
  },
  'that a user has asked for': { 'sec-fetch-site': 'none' },
  'of its own page, with an origin that policy hides': {
    'sec-fetch-site': 'same-origin',
    origin: 'null',
  },
  'of no browser': {},
  'of an older browser': { origin: 'https://shop.example' },
  'of an older browser, with a port': {
    origin: 'http://shop.example:8080',
    host: 'shop.example:8080',
  },
  'of an older browser, by the usual port': {
    origin: 'https://shop.example',
    host: 'shop.example:443',
  },
  'of an older browser, by a proxy that replaces Host': {
    origin: 'https://shop.example',
    host: '10.0.0.7:3000',
    'x-forwarded-host': 'shop.example, proxy.internal',
  },
  'with a host in capitals': { origin: 'https://shop.example', host: 'Shop.Example' },
} satisfies Record<string, Record<string, string>>;
const FOREIGN = {
  'of another site': { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
  'of another site that says it is the host': {
    'sec-fetch-site': 'cross-site',
    origin: 'https://shop.example',
  },
  'of another host of the site': {
    'sec-fetch-site': 'same-site',
    origin: 'https://blog.shop.example',
  },
  'without an origin': { 'sec-fetch-site': 'cross-site' },
  'of a sandbox': { 'sec-fetch-site': 'cross-site', origin: 'null' },
  'of an extension': { 'sec-fetch-site': 'cross-site', origin: 'chrome-extension://abcdef' },
  'with a word that no browser says': { 'sec-fetch-site': 'yes' },
  'of an older browser': { origin: 'https://evil.example' },
  'of an older browser, at another port': { origin: 'http://shop.example:8081' },
  'of an older browser, in a sandbox': { origin: 'null' },
  'of an older browser, and no origin': { origin: 'nonsense' },
  'of an older browser, and the host as a user': { origin: 'https://shop.example@evil.example' },
} satisfies Record<string, Record<string, string>>;

describe.each(ADAPTERS)('requests of other sites, on %s', (adapter) => {
  let app: TestApp;
  let backend: GatedBackend;
  let cookie: string;
  beforeEach(() => {
    done.length = 0;
    backend = new GatedBackend(new MemoryBackend());
  });
  afterEach(() => app.stop());

  async function start(session: Partial<SessionModuleOptions> = {}): Promise<void> {
    app = await TestApp.start({
      adapter,
      session: { backend, ...session },
      controllers: [ShopController],
      providers: [LookingGuard],
    });
    cookie = (await signedIn(app.app, 'ada', { visits: 5 })).cookie!;
    backend.reads = 0;
    backend.writes.length = 0;
  }

  async function ask(path: string, headers: Record<string, string>, method = 'POST') {
    // Of fetch a host can't be chosen.
    return new Promise<{ status: number; text: string; setCookies: string[] }>(
      (resolve, reject) => {
        const all = { host: 'shop.example', cookie, ...headers };
        const asked = httpRequest(`${app.url}/${path}`, { method, headers: all }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => (text += part));
          response.on('end', () => {
            const setCookies = response.headers['set-cookie'] ?? [];
            resolve({ status: response.statusCode!, text, setCookies });
          });
        });
        asked.on('error', reject).end();
      },
    );
  }

  it.each(Object.entries(OWN))('are none: one %s', async (_, headers) => {
    await start();
    expect(await ask('buy', headers)).toMatchObject({ status: 201, text: '{"visits":6}' });
  });

  it.each(Object.entries(FOREIGN))('are refused: one %s', async (_, headers) => {
    await start();
    for (const path of ['buy', 'guarded', 'hook']) {
      const answer = await ask(path, headers);
      expect(answer).toMatchObject({ status: 403, setCookies: [] });
      expect(JSON.parse(answer.text)).toEqual({
        statusCode: 403,
        message: 'Request from another origin',
        error: 'Forbidden',
      });
    }
    expect(done).toEqual([]);
    expect([backend.reads, backend.writes]).toEqual([0, []]);
  });

  it.each(['PUT', 'PATCH', 'DELETE', 'POST', 'PROPFIND'])('are refused, by %s', async (method) => {
    await start();
    const { status } = await ask('buy', FOREIGN['of another site'], method);
    // Of Nest 11, Fastify routes none that it does not know.
    expect(method === 'PROPFIND' ? [403, 404] : [403]).toContain(status);
    expect(done).toEqual([]);
  });

  it.each(['GET', 'HEAD', 'OPTIONS'])('may read, by %s', async (method) => {
    await start();
    expect((await ask('look', FOREIGN['of another site'], method)).status).not.toBe(403);
    const { text } = await ask('look', FOREIGN['of another site'], 'GET');
    expect(text).toBe('{"visits":5}');
  });

  it('may send what brings no cookie, or one that is not ours', async () => {
    await start();
    for (const none of ['', 'other=1', 'sid=nonsense', cookie.slice(0, -3)]) {
      const { status } = await ask('buy', { ...FOREIGN['of another site'], cookie: none });
      expect(status).toBe(201);
    }
  });

  it('may send what they like where an application says so', async () => {
    await start({ crossSite: 'allow' });
    expect((await ask('buy', FOREIGN['of another site'])).status).toBe(201);
  });

  it('may, where an application trusts their origins', async () => {
    await start({ trustedOrigins: ['https://evil.example', 'chrome-extension://abcdef'] });
    expect((await ask('buy', FOREIGN['of another site'])).status).toBe(201);
    expect((await ask('buy', FOREIGN['of an extension'])).status).toBe(201);
    expect((await ask('buy', { origin: 'https://evil.example' })).status).toBe(201);
    expect((await ask('buy', FOREIGN['of another host of the site'])).status).toBe(403);
    expect((await ask('buy', FOREIGN['without an origin'])).status).toBe(403);
  });

  it('may, where a function says so of them', async () => {
    await start({ trustedOrigins: (origin) => origin.endsWith('.shop.example') });
    expect((await ask('buy', FOREIGN['of another host of the site'])).status).toBe(201);
    expect((await ask('buy', FOREIGN['of another site'])).status).toBe(403);
  });

  it('may, with a bearer token: a page of another origin has none', async () => {
    await start({ transports: ['bearer', 'cookie'] });
    const ada = await signedIn(app.app, 'ada');
    const authorization = ada.bearer!;
    const { status } = await ask('buy', { ...FOREIGN['of another site'], authorization });
    expect(status).toBe(201);
    const bad = { authorization: 'Bearer nonsense' };
    expect((await ask('buy', { ...FOREIGN['of another site'], ...bad })).status).toBe(403);
  });

  it('are refused with sessions in their cookies, too', async () => {
    await start({ backend: cookieSessions() });
    expect((await ask('buy', FOREIGN['of another site'])).status).toBe(403);
    expect((await ask('buy', OWN['of a page of the application'])).status).toBe(201);
  });

  it('are refused by an exception that filters see', async () => {
    await start();
    const { status, text } = await ask('filtered', FOREIGN['of another site']);
    expect([status, text]).toEqual([403, '{"mine":"CrossSiteError"}']);
  });

  it('are refused once somebody asks for the session, where it is loaded lazily', async () => {
    await start({ load: 'lazy' });
    expect((await ask('buy', FOREIGN['of another site'])).status).toBe(403);
    expect((await ask('hook', FOREIGN['of another site'])).status).toBe(201);
    expect(done).toEqual(['hook']);
  });

  it('are told of in the log, each origin once, with what to write', async () => {
    await start();
    for (let times = 0; times < 3; times++) await ask('buy', FOREIGN['of another site']);
    await ask('buy', { 'sec-fetch-site': 'cross-site', origin: 'https://x.example/ forged' });
    const lines = app.logs.lines.filter((line) => line.includes('refused with 403'));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('A POST request from https://evil.example was refused');
    expect(lines[0]).toContain("trustedOrigins: ['https://evil.example']");
    expect(lines.join()).not.toContain('forged');
    for (let n = 0; n < 30; n++) await ask('buy', { origin: `https://${n}.example` });
    expect(app.logs.lines.filter((line) => line.includes('refused')).length).toBe(10);
  });

  it('cost a request of an own page nothing that can be seen', async () => {
    await start();
    await ask('buy', OWN['of a page of the application']);
    expect(backend.reads).toBe(1);
  });

  describe.each(PLATFORMS)('that open sockets, by %s', (platform) => {
    async function startGateway(session: Partial<SessionModuleOptions> = {}): Promise<void> {
      app = await TestApp.start({
        adapter,
        session: { backend, ...session },
        providers: [CounterGateway],
        prepare: (nest) => useGateways(nest, platform),
      });
    }
    const open = async (headers: Readonly<Record<string, string | undefined>>) => {
      const { cookies } = await signedIn(app.app, 'ada', { visits: 5 });
      backend.reads = 0;
      const jar = Object.fromEntries(
        cookies(app.url).map(({ name, value }) => [name, decodeURIComponent(value)]),
      );
      return connect(platform, { url: app.url, headers: headers as Record<string, string> }, jar);
    };

    it('are let in where they are of an own page, or of no browser', async () => {
      await startGateway();
      const host = new URL(app.url).host;
      for (const headers of [
        {},
        { origin: `http://${host}` },
        { 'sec-fetch-site': 'same-origin' },
      ]) {
        const client = await open(headers);
        const { value } = await client.ask('read');
        expect(JSON.stringify(value)).toContain('"visits":5');
        client.close();
      }
    });

    it('are refused, and no session is read', async () => {
      await startGateway();
      for (const headers of [
        { origin: 'https://evil.example' },
        { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
        { 'sec-fetch-site': 'same-site', origin: 'http://blog.localhost' },
      ]) {
        const opening = open(headers).then((client) => client.closed);
        // By polling the handshake has an answer, which only leads to its end.
        if (platform === 'socket.io, polling') await opening;
        else await expect(opening).rejects.toThrow();
        expect(backend.reads).toBe(0);
      }
      expect(app.logs.lines.filter((line) => line.includes('A WebSocket from'))).toHaveLength(2);
    });

    it('are let in without a cookie, and where their origin is trusted', async () => {
      await startGateway({ trustedOrigins: ['https://app.example'] });
      const client = await open({ origin: 'https://app.example' });
      expect(JSON.stringify((await client.ask('read')).value)).toContain('"visits":5');
      client.close();
      const stranger = await connect(
        platform,
        { url: app.url, headers: { origin: 'https://evil.example' } },
        {},
      );
      expect(JSON.stringify((await stranger.ask('read')).value)).not.toContain('"visits":5');
      stranger.close();
    });
  });
});

describe('the option trustedOrigins', () => {
  it.each<[unknown, string]>([
    ['https://app.example', 'write a list'],
    [['app.example'], "write an origin with its scheme, such as 'https://app.example.com'"],
    [['https://app.example/'], "write 'https://app.example'"],
    [['https://App.Example:443'], "write 'https://app.example'"],
    [['https://app.example/path?x=1'], "write 'https://app.example'"],
    [['null'], 'every page in a sandbox has that origin'],
    [['*'], "crossSite: 'allow'"],
    [['https://*.example'], 'a function (origin) => boolean'],
    [[undefined], 'write text'],
    [['chrome-extension://abc/popup.html'], 'without a path'],
  ])('%j is refused with what to write', async (trustedOrigins, hint) => {
    const session = { secret: SECRET, trustedOrigins } as Partial<SessionModuleOptions>;
    const starting = TestApp.start({ adapter: 'express', session });
    await expect(starting).rejects.toThrow(SessionOptionsError);
    await expect(TestApp.start({ adapter: 'express', session })).rejects.toThrow(hint);
  });
});
