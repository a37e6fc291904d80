import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringifyCookie } from 'cookie';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  MemoryBackend,
  Session,
  type SessionModuleOptions,
  SessionService,
  UntilSessionEnds,
} from 'nestjs-server-session';
import { concat, finalize, NEVER, of } from 'rxjs';
import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';
import { age, idIn } from '../support/ageing.js';
import { TestApp } from '../support/app.js';
import { type BackendPair, ENDS_BACKENDS, startPair } from '../support/backend-pair.js';
import { START_MS } from '../support/shared-servers.js';
import { type Browser, forged } from '../support/browser.js';
import { combine } from '../support/extent.js';
import { connect, type GatewayClient, useGateways } from '../support/gateway-client.js';
import { CELLS as PLATFORM_CELLS } from '../support/gateway-suite.js';
import { SETUPS } from '../support/graphql-app.js';
import { GraphqlSuite } from '../support/graphql-suite.js';
import { Gate, GatedBackend } from '../support/gated-backend.js';
import { PrincipalController } from '../support/principal-controller.js';

import { until } from '../support/until.js';

const IDLE_MS = 1000;
const MINUTE_MS = 60_000;

/** Whom messages were handled for. */
const handledFor: unknown[] = [];

@WebSocketGateway()
class WhoGateway {
  @SubscribeMessage('who')
  who(@Session() session: Session) {
    handledFor.push(session.principal);
    return { principal: session.principal ?? null, isNew: session.isNew };
  }
  /** Its stream ends with the session; it tells when. */
  @SubscribeMessage('stream')
  @UntilSessionEnds()
  stream() {
    return concat(of({ event: 'begun', data: {} }), NEVER).pipe(finalize(() => void streamsOver++));
  }
}

/** How many streams have ended. */
let streamsOver = 0;

const CELLS = combine(PLATFORM_CELLS, ENDS_BACKENDS).map(([[platform, adapter], name]) => ({
  platform,
  adapter,
  name,
}));

describe.each(CELLS)('sockets over $platform, on $adapter with $name', (cell) => {
  const { platform, adapter, name } = cell;
  let pair: BackendPair;
  let here: TestApp;
  let there: TestApp;
  let clients: GatewayClient[];

  const start = (process: 0 | 1, session: Partial<SessionModuleOptions> = {}) =>
    TestApp.start({
      adapter,
      session: { ...session, backend: pair.backends[process] },
      controllers: [PrincipalController],
      providers: [WhoGateway],
      prepare: (app) => useGateways(app, platform),
    });
  beforeEach(async () => {
    handledFor.length = 0;
    clients = [];
    pair = await startPair(name);
    here = await start(0);
    there = await start(1);
  }, START_MS);
  afterEach(async () => {
    for (const client of clients) client.close();
    await Promise.all([here.stop(), there.stop()]);
    await pair.stop();
  });

  const open = async ({ cookies }: Browser, app = here): Promise<GatewayClient> => {
    const client = await connect(platform, app, cookies);
    clients.push(client);
    return client;
  };
  /** What the client sees of a closed connection. */
  const SEEN = {
    ended: platform === 'ws' ? 1008 : 'io server disconnect',
    replaced: platform === 'ws' ? 1012 : 'transport close',
  };

  it('which an attacker has opened with a session that the victim signs in to are closed', async () => {
    const attacker = here.browser();
    await attacker.post('/set/cart');
    const victim = attacker.copy();
    const socket = await open(attacker);
    const early = await open(attacker);
    expect(await early.ask('who')).toEqual({ value: { principal: null, isNew: false } });
    await victim.post('/sign-in/victim');
    // While the server does not know yet, or does: never as the victim.
    void socket.ask('who');
    void early.ask('who');
    expect(await socket.closed).toBe(SEEN.replaced);
    expect(await early.closed).toBe(SEEN.replaced);
    expect(handledFor).not.toContain('victim');
    const own = await open(victim);
    expect(await own.ask('who')).toEqual({ value: { principal: 'victim', isNew: false } });
  });

  const signedIn = async (who: string, app = here) => {
    const browser = app.browser();
    expect((await browser.post(`/sign-in/${who}`)).status).toBe(200);
    return browser;
  };
  const service = (app: TestApp) => app.app.get(SessionService);

  type End = (browser: Browser) => Promise<unknown>;
  const ENDS: [how: string, end: End][] = [
    ['signOut() in another process', (browser) => over(browser, there).post('/sign-out')],
    ['signIn() as somebody else', (browser) => browser.post('/sign-in/bob')],
    ['revoke(id)', (browser) => service(there).revoke(idIn(browser))],
    ['revokeAll()', () => service(here).revokeAll('ada')],
    ['the limit', () => signedIn('ada')],
  ];
  /** The same browser, with requests to another process. */
  const over = ({ cookies }: Browser, app: TestApp) => {
    const browser = app.browser();
    Object.assign(browser.cookies, cookies);
    return browser;
  };

  it.each(ENDS)('are closed when their session ends by %s, and no others', async (_, end) => {
    await here.stop();
    await there.stop();
    here = await start(0, { principals: { maxSessions: 1 } });
    there = await start(1, { principals: { maxSessions: 1 } });
    const browser = await signedIn('ada');
    const sockets = [await open(browser), await open(browser, there)];
    const others = [await open(await signedIn('eve')), await open(here.browser(), there)];
    for (const socket of sockets) {
      expect(await socket.ask('who')).toMatchObject({ value: { principal: 'ada' } });
    }
    await end(browser);
    for (const socket of sockets) expect(await socket.closed).toBe(SEEN.ended);
    expect(await others[0]!.ask('who')).toMatchObject({ value: { principal: 'eve' } });
    expect(await others[1]!.ask('who')).toMatchObject({ value: { principal: null } });
  });

  it('of the session that revokeAll() excepts stay open', async () => {
    const [stays, ends] = [await signedIn('ada'), await signedIn('ada')];
    const [kept, gone] = [await open(stays, there), await open(ends, there)];
    // Before it is read, an end that is not heard makes its session that of nobody.
    expect(await gone.ask('who')).toMatchObject({ value: { principal: 'ada' } });
    await service(here).revokeAll('ada', { except: idIn(stays) });
    expect(await gone.closed).toBe(SEEN.ended);
    expect(await kept.ask('who')).toMatchObject({ value: { principal: 'ada' } });
  });

  it('outlive a renewal of the token, and not a new generation', async () => {
    await here.stop();
    here = await start(0, { renewInterval: '10m' });
    const browser = await signedIn('ada');
    const socket = await open(browser, there);
    await age(pair.backends[0], idIn(browser), 11 * MINUTE_MS);
    const { token } = browser;
    await browser.get('/me');
    expect(browser.token).not.toBe(token);
    expect(await socket.ask('who')).toMatchObject({ value: { principal: 'ada' } });
    await browser.post('/sign-in/ada');
    expect(await socket.closed).toBe(SEEN.replaced);
  });

  // It takes seconds, and time is the same for every backend.
  if (name === 'memory' && adapter === 'fastify') {
    it('are closed when the session expires, with no news, and not where HTTP uses it', async () => {
      await Promise.all([here.stop(), there.stop()]);
      here = await start(0, { idleTimeout: `${IDLE_MS}ms` });
      there = await start(1, { idleTimeout: `${IDLE_MS}ms` });
      const [used, unused] = [await signedIn('ada'), await signedIn('bob')];
      const [open1, open2] = [await open(used, there), await open(unused, there)];
      let isUnusedClosed = false;
      void open2.closed.then(() => (isUnusedClosed = true));
      const endsAt = performance.now() + 2 * IDLE_MS;
      while (performance.now() < endsAt) {
        await used.get('/me');
        await sleep(IDLE_MS / 10);
      }
      expect(isUnusedClosed).toBe(true);
      expect(await open1.ask('who')).toMatchObject({ value: { principal: 'ada' } });
      expect(await open1.closed).toBe(SEEN.ended);
    });
  }

  it('have their streams ended', async () => {
    streamsOver = 0;
    const browser = await signedIn('ada');
    const socket = await open(browser);
    expect(await socket.ask('stream')).toEqual({ value: { event: 'begun', data: {} } });
    await browser.post('/sign-in/ada');
    await socket.closed;
    expect(streamsOver).toBe(1);
  });
});

describe.each(PLATFORM_CELLS)('a socket over %s, on %s', (platform, adapter) => {
  let backend: GatedBackend;
  let app: TestApp;
  let clients: GatewayClient[];

  beforeEach(async () => {
    clients = [];
    backend = new GatedBackend(new MemoryBackend());
    app = await TestApp.start({
      adapter,
      session: { backend },
      controllers: [PrincipalController],
      providers: [WhoGateway],
      prepare: (nest) => useGateways(nest, platform),
    });
  });
  afterEach(async () => {
    for (const client of clients) client.close();
    await app.stop();
  });
  const open = async (cookies: Record<string, string>) => {
    const client = await connect(platform, app, cookies);
    clients.push(client);
    return client;
  };
  const signedIn = async () => {
    const browser = app.browser();
    await browser.post('/sign-in/ada');
    backend.reads = 0;
    return browser;
  };

  it('costs one read, and one more for each message that asks', async () => {
    const browser = await signedIn();
    const client = await open(browser.cookies);
    expect([backend.reads, backend.listeners]).toEqual([1, 1]);
    await client.ask('who');
    await client.ask('who');
    expect([backend.reads, backend.writes.slice(-1)]).toEqual([3, ['update']]);
  });

  it('of nobody costs nothing, and nothing is watched', async () => {
    const { cookies } = await signedIn();
    const worthless: Record<string, string>[] = [
      {},
      { sid: forged(cookies['sid']!) },
      { sid: 'rubbish' },
    ];
    for (const brought of worthless) {
      const client = await open(brought);
      expect([backend.reads, backend.listeners]).toEqual([0, 0]);
      client.close();
    }
  });

  it('whose token opens nothing any more is watched no longer than that is seen', async () => {
    const browser = await signedIn();
    const before = { ...browser.cookies };
    await browser.post('/sign-in/ada');
    const late = await open(before);
    await until('the end of the watch', () => backend.listeners === 0);
    expect(await late.ask('who')).toMatchObject({ value: { isNew: true } });
    await browser.post('/sign-out');
    const dead = await open({ sid: browser.cookies['sid'] ?? before['sid']! });
    await until('the end of the watch', () => backend.listeners === 0);
    expect(await dead.ask('who')).toMatchObject({ value: { isNew: true } });
  });

  it('leaves nothing watched, and nothing listened to, once it is closed', async () => {
    const browser = await signedIn();
    const pair = [await open(browser.cookies), await open(browser.cookies)];
    expect(backend.listeners).toBe(1);
    for (const client of pair) client.close();
    await until('the end of the watch', () => backend.listeners === 0);
  });

  it('is closed when a backend that was down at its handshake says that its session has ended', async () => {
    const browser = await signedIn();
    backend.beforeRead = () => Promise.reject(new Error('down'));
    const client = await open(browser.cookies);
    await until('the question', () => backend.reads > 0);
    let reads = 0;
    backend.beforeRead = async () => void reads++;
    await until('the answer', () => reads > 0);
    backend.beforeRead = async () => {};
    await app.app.get(SessionService).revokeAll('ada');
    expect(await client.closed).toBeDefined();
  });

  it.each(['beforeRead', 'afterRead'] as const)(
    'whose session ends while its handshake is read is closed (%s)',
    async (when) => {
      const browser = await signedIn();
      const gate = new Gate();
      backend[when] = () => gate.pass();
      const client = await open(browser.cookies);
      await gate.reached;
      await backend.ends.end(idIn(browser), 'revoked');
      gate.open();
      expect(await client.closed).toBeDefined();
    },
  );
});

describe.each(['websocket', 'polling'])('a client of socket.io over %s', (transport) => {
  let app: TestApp;
  let socket: Socket;
  beforeEach(async () => {
    app = await TestApp.start({
      adapter: 'express',
      session: { backend: new MemoryBackend() },
      controllers: [PrincipalController],
      providers: [WhoGateway],
      prepare: (nest) => useGateways(nest, 'socket.io'),
    });
  });
  afterEach(async () => {
    socket.disconnect();
    await app.stop();
  });

  it('comes back by itself after a sign-in, with its new cookie, and not after a sign-out', async () => {
    const browser = app.browser();
    await browser.post('/set/cart');
    const headers = () => ({ cookie: stringifyCookie(browser.cookies) });
    socket = io(app.url, {
      transports: [transport],
      extraHeaders: headers(),
      forceNew: true,
      reconnectionDelay: 20,
    });
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    const again = new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    await browser.post('/sign-in/ada');
    // A browser sends the cookie that it has by then.
    socket.io.opts.extraHeaders = headers();
    await again;
    expect(await socket.emitWithAck('who', {})).toMatchObject({ principal: 'ada' });
    const reason = new Promise<string>((resolve) => socket.once('disconnect', resolve));
    await browser.post('/sign-out');
    expect(await reason).toBe('io server disconnect');
    expect(socket.active).toBe(false);
  });

  it('loses all its namespaces', async () => {
    const browser = app.browser();
    await browser.post('/sign-in/ada');
    socket = io(app.url, {
      transports: [transport],
      extraHeaders: { cookie: stringifyCookie(browser.cookies) },
      forceNew: true,
      reconnection: false,
    });
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    const gone = new Promise<string>((resolve) => socket.once('disconnect', resolve));
    await app.app.get(SessionService).revokeAll('ada');
    expect(await gone).toBe('io server disconnect');
  });
});

describe.each(SETUPS)('GraphQL over a socket, by $name', (setup) => {
  const suite = new GraphqlSuite(setup);

  it('is closed when its session ends, and its subscriptions with it', async () => {
    await suite.start();
    await suite.data('mutation { visit }');
    const headers = { cookie: stringifyCookie(suite.browser.cookies) };
    const url = `${suite.app.url.replace('http', 'ws')}/graphql`;
    const socket = new WebSocket(url, ['graphql-transport-ws'], { headers });
    await once(socket, 'open');
    await until('the watch', () => suite.backend.listeners === 1);
    const id = idIn(suite.browser);
    const closed = once(socket, 'close');
    await suite.app.app.get(SessionService).revoke(id);
    const [code, reason] = (await closed) as [number, Buffer];
    expect([code, String(reason)]).toEqual([1008, 'Session ended']);
    await until('the end of the watch', () => suite.backend.listeners === 0);
  });

  it('is closed by a new generation, for which it may connect again', async () => {
    await suite.start();
    await suite.data('mutation { visit }');
    const headers = { cookie: stringifyCookie(suite.browser.cookies) };
    const url = `${suite.app.url.replace('http', 'ws')}/graphql`;
    const socket = new WebSocket(url, ['graphql-transport-ws'], { headers });
    await once(socket, 'open');
    await until('the watch', () => suite.backend.listeners === 1);
    const closed = once(socket, 'close');
    await suite.data('mutation { signIn(userId: "ada") }');
    expect((await closed)[0]).toBe(1012);
    const ask = await suite.connect();
    expect(await ask('subscription { user }')).toEqual([{ user: 'ada' }]);
    expect(await ask('subscription { watched }')).toEqual([{ watched: 1 }, { watched: 2 }]);
  });
});
