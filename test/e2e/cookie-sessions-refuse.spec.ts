import { Controller, Get, Inject, Post, Req, Res, Sse } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  MemoryBackend,
  Session,
  SESSION_BACKEND,
  SessionOptionsError,
  SessionService,
  type SessionModuleOptions,
} from 'nestjs-server-session';
import { fromEvent, map, Observable, startWith, take, takeUntil } from 'rxjs';
import { expressSession } from 'nestjs-server-session/express-session';
import { ADAPTERS, type AdapterName, SECRET, type TestApp } from '../support/app.js';
import type { Browser } from '../support/browser.js';
import { fakeClock } from '../support/clock.js';
import { run, startCookieApp } from '../support/cookie-app.js';
import { connect, type GatewayClient, useGateways } from '../support/gateway-client.js';
import { until } from '../support/until.js';

const NO_SERVER = /in their clients' cookies and nowhere else/;
const OLD = 'the secret before this one, of 32 characters';

/** What became of the session of a stream. */
const seen: unknown[] = [];

@Controller()
class OddController {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @Get('late')
  late(@Session() session: Session, @Res() response: { raw?: Late } & Late) {
    const raw = response.raw ?? response;
    raw.write('head');
    session.visits = 99;
    raw.end();
  }
  @Sse('stream')
  stream(@Session() session: Session, @Req() request: object): Observable<object> {
    const signal = this.sessions.signal(request);
    signal.addEventListener('abort', () => seen.push(signal.reason));
    const ended = fromEvent(signal, 'abort').pipe(take(1));
    return new Observable<object>().pipe(
      startWith({ data: `${session.visits}` }),
      map((data) => data),
      takeUntil(ended),
    );
  }
  @Post('void')
  nothing(@Req() request: { session: unknown }) {
    request.session = null;
  }
}
interface Late {
  write(text: string): void;
  end(): void;
}

@WebSocketGateway()
class Gateway {
  @SubscribeMessage('read')
  read(@Session() session: Session) {
    return { visits: session.visits ?? null, principal: session.principal ?? null };
  }
  @SubscribeMessage('write')
  write(@Session() session: Session) {
    session.visits = 100;
    return {};
  }
  @SubscribeMessage('error')
  async error(@Session() session: Session) {
    session.visits = 100;
    return session.save().catch(async ({ message }: Error) => {
      await session.reload();
      return { message };
    });
  }
  @SubscribeMessage('destroy')
  destroy(@Session() session: Session) {
    return session.destroy().then(
      () => ({}),
      ({ name }: Error) => ({ name }),
    );
  }
}

const visit = (browser: Browser) =>
  run(browser, (session) => ({ visits: session.increment('visits') }));
const read = async (browser: Browser) => (await run(browser, (session) => ({ ...session }))).json();

let app: TestApp;
/** A client that sends this header, whatever it is told. */
const withCookie = (cookie: string) =>
  ({ post: (path: string) => app.browser().post(path, { cookie }) }) as Browser;
afterEach(async () => {
  vi.useRealTimers();
  await app?.stop();
});

describe.each(ADAPTERS)('sessions in cookies, on %s', (adapter) => {
  const start = async (session: Partial<SessionModuleOptions> = {}) => {
    app = await startCookieApp(adapter, session, { controllers: [OddController] });
    return app.browser();
  };

  it.each(['eager', 'lazy'] as const)('are as ever with load %s', async (load) => {
    const browser = await start({ load });
    await visit(browser);
    expect(await read(browser)).toEqual({ visits: 1 });
    if (load === 'eager') await browser.post('/void');
    else await run(browser, (session) => session.destroy());
    expect(browser.cookies).toEqual({});
  });

  it('are known to nobody without their cookie, which a sentence says', async () => {
    const browser = await start();
    const answer = await run(browser, async (session, sessions) => {
      session.visits = 1;
      await session.save();
      const message = ({ message }: Error) => message;
      return Promise.all([
        sessions.get(session.id).catch(message),
        sessions.revoke(session.id).catch(message),
        sessions.revoke(session.id, { principal: 'ada' }).catch(message),
        sessions.list('ada').catch(message),
        sessions.revokeAll('ada').catch(message),
        sessions.issue('ada').catch(message),
        Promise.resolve()
          .then(() => sessions.signal(session.id))
          .catch(message),
        new Promise((resolve) => sessions.ends.subscribe({ error: (e) => resolve(message(e)) })),
      ]);
    });
    const messages = answer.json<string[]>();
    expect(messages).toHaveLength(8);
    for (const message of messages) expect(message).toMatch(NO_SERVER);
    const service = app.app.get(SessionService);
    expect(await service.health()).toMatchObject({ status: 'up' });
  });

  it('have cookies as the options say, each of them', async () => {
    const browser = await start({
      cookie: { name: '__Host-s', sameSite: 'none', secure: true, partitioned: true },
    });
    const large = Array.from({ length: 6000 }, () => Math.random().toString(36)[2]).join('');
    const answer = await run(browser, (session) => void (session.anything = large));
    const attributes = '; Max-Age=1209600; Path=/; HttpOnly; Secure; Partitioned; SameSite=None';
    expect(answer.setCookies).toEqual([
      expect.stringMatching(new RegExp(`^__Host-s=2[\\w-]{3839}${attributes}$`)),
      expect.stringMatching(new RegExp(`^__Host-s\\.1=[\\w-]+${attributes}$`)),
    ]);
    expect(
      (await run(browser, (session) => ({ length: String(session.anything).length }))).json(),
    ).toEqual({ length: 6000 });
  });

  it('end with the browser where they are to', async () => {
    const browser = await start({ cookie: { persistent: false }, touchInterval: 0 });
    const clock = fakeClock();
    expect((await visit(browser)).setCookies[0]).not.toMatch(/Max-Age|Expires/);
    clock.advance(60_000);
    // Its use must be told all the same: where else would it be kept?
    expect((await run(browser, () => {})).setCookies).toHaveLength(1);
  });

  it('are opened by every secret, and sealed by the first', async () => {
    const browser = await start({ secret: OLD });
    await visit(browser);
    await app.stop();
    await start({ secret: [SECRET, OLD] });
    const moved = app.browser();
    Object.assign(moved.cookies, browser.cookies);
    expect(await read(moved)).toEqual({ visits: 1 });
    await visit(moved);
    await app.stop();
    await start({ secret: SECRET });
    const [late, current] = [app.browser(), app.browser()];
    Object.assign(late.cookies, browser.cookies);
    Object.assign(current.cookies, moved.cookies);
    expect(await read(late)).toEqual({});
    expect(await read(current)).toEqual({ visits: 2 });
  });

  it('are none where their cookie is anything else, of which nothing is said', async () => {
    const browser = await start();
    await visit(browser);
    const { sid } = browser.cookies as { sid: string };
    const logged = app.logs.lines.length;
    const bad = [
      '',
      '1',
      '2',
      '1AQ',
      `2${sid.slice(1)}`,
      sid.slice(1),
      sid.slice(0, -1),
      sid.slice(0, 30),
      `${sid}A`,
      `${sid}==`,
      sid.replaceAll('-', '+').replace(/.$/, '='),
      `1${'A'.repeat(3839)}`,
      `1${'A'.repeat(9000)}`,
      `2${'A'.repeat(3839)}; sid.1=${'B'.repeat(3840)}`,
      's%3Aabc.def',
      '%00%ff',
      '{"userId":"ada"}',
    ];
    for (const value of bad) {
      const answer = await run(withCookie(`sid=${value}`), (session) => ({
        isNew: session.isNew,
        data: { ...session },
      }));
      const { status, setCookies } = answer;
      expect({ value, status, setCookies, ...answer.json<object>() }).toEqual({
        value,
        status: 201,
        setCookies: [],
        isNew: true,
        data: {},
      });
    }
    expect(app.logs.lines.slice(logged)).toEqual([]);
  });

  it('of another cookie, by name, are none', async () => {
    const browser = await start({ cookie: { name: 'other' } });
    await visit(browser);
    await app.stop();
    await start();
    const moved = app.browser();
    moved.cookies['sid'] = browser.cookies['other']!;
    expect(await read(moved)).toEqual({});
  });

  it('are found among several cookies of one name, for several paths', async () => {
    const browser = await start();
    await visit(browser);
    const cookie = `sid=1AAAA; sid=${browser.cookies['sid']}; sid.1=x`;
    expect(await read(withCookie(cookie))).toEqual({ visits: 1 });
  });

  it('that change after the head of an answer are not saved, which is warned of', async () => {
    const browser = await start();
    await visit(browser);
    expect((await browser.get('/late')).setCookies).toEqual([]);
    await until('a warning', () =>
      app.logs.lines.some((line) =>
        /could not be saved after its response.*which its cookie holds, as the head/.test(line),
      ),
    );
    expect(await read(browser)).toEqual({ visits: 1 });
  });

  it('have a signal that aborts when they expire', async () => {
    seen.length = 0;
    const browser = await start({ idleTimeout: '1s' });
    await visit(browser);
    const stream = await browser.get('/stream');
    expect(stream.text).toContain('data: 1');
    expect(seen).toEqual([expect.objectContaining({ reason: 'expired' })]);
  });

  it('are in a backend where a test overrides the provider', async () => {
    app = await startCookieApp(
      adapter,
      {},
      {
        override: (builder) =>
          builder.overrideProvider(SESSION_BACKEND).useValue(new MemoryBackend()),
      },
    );
    const browser = app.browser();
    expect((await visit(browser)).setCookies[0]).toMatch(/^sid=s%3A/);
  });
});

describe('cookieSessions()', () => {
  const refused = async (session: Partial<SessionModuleOptions>) => {
    const error = await startCookieApp('fastify', session).then(
      (started) => void (app = started),
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(SessionOptionsError);
    return (error as SessionOptionsError).problems;
  };

  it('refuses at start what needs a server, all of it at once', async () => {
    const problems = await refused({
      transports: ['cookie', 'bearer'],
      principals: { maxSessions: 3 },
      renewInterval: '1h',
      migrate: expressSession({ store: { get() {}, destroy() {} }, secret: 'short' }),
      cookie: { path: `/${'x'.repeat(200)}` },
    });
    expect(problems).toEqual([
      expect.stringMatching(/^transports names 'bearer': .*Write \['cookie'\]/),
      expect.stringMatching(/^principals\.maxSessions: /),
      expect.stringMatching(/^renewInterval: /),
      expect.stringMatching(/^migrate: .*Leave it out, or keep sessions in a backend/),
      expect.stringMatching(/^cookie: .* take 2\d\d bytes: with cookieSessions\(\) at most 256/),
    ]);
  });

  it('refuses a cookie without room that a function of the request gives', async () => {
    app = await startCookieApp('fastify', { cookie: () => ({ path: `/${'x'.repeat(200)}` }) });
    expect((await visit(app.browser())).status).toBe(500);
    expect(app.logs.lines.join('\n')).toContain('at most 256');
  });
});

describe.each([
  ['ws', 'express'],
  ['ws', 'fastify'],
  ['socket.io', 'express'],
] as const)('sessions in cookies over %s, on %s', (platform, adapter: AdapterName) => {
  let client: GatewayClient;
  afterEach(() => client?.close());

  const start = (session: Partial<SessionModuleOptions> = {}) =>
    startCookieApp(adapter, session, {
      providers: [Gateway],
      prepare: (nest) => useGateways(nest, platform),
    });
  const valueOf = ({ value }: { value?: unknown }) =>
    (value as { data?: unknown } | undefined)?.data ?? value;

  it('are read as the handshake brought them, and nothing is written', async () => {
    app = await start();
    const browser = app.browser();
    await run(browser, async (session) => {
      session.visits = 1;
      await session.signIn('ada');
    });
    client = await connect(platform, app, browser.cookies);
    expect(valueOf(await client.ask('read'))).toEqual({ visits: 1, principal: 'ada' });
    expect((await client.ask('write')).exception).toBeDefined();
    const { message } = valueOf(await client.ask('error')) as { message: string };
    expect(message).toMatch(/can't be told of a change of its session, .* over HTTP/);
    expect(valueOf(await client.ask('destroy'))).toEqual({ name: 'SessionTokenError' });
    // What HTTP changes is in another cookie, which the socket has not seen.
    await visit(browser);
    expect(valueOf(await client.ask('read'))).toEqual({ visits: 1, principal: 'ada' });
  });

  it('close what was opened with them when they expire, by the cookie that it brought', async () => {
    app = await start({ idleTimeout: '1s' });
    const browser = app.browser();
    await visit(browser);
    client = await connect(platform, app, browser.cookies);
    expect(valueOf(await client.ask('read'))).toEqual({ visits: 1, principal: null });
    expect(await client.closed).toBe(platform === 'ws' ? 1008 : 'io server disconnect');
    // One over which nobody has asked for the session, too.
    await visit(browser);
    client = await connect(platform, app, browser.cookies);
    expect(await client.closed).toBe(platform === 'ws' ? 1008 : 'io server disconnect');
  });

  it('leave open who brought none', async () => {
    app = await start();
    client = await connect(platform, app, { sid: '1AAAA' });
    expect(valueOf(await client.ask('read'))).toEqual({ visits: null, principal: null });
  });
});
