import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Controller, type ExecutionContext, Get, HttpCode, Param, Post, Sse } from '@nestjs/common';
import {
  MemoryBackend,
  Session,
  type SessionEnd,
  SessionEndedError,
  type SessionModuleOptions,
  SessionService,
  UntilSessionEnds,
} from 'nestjs-server-session';
import { concat, NEVER, of } from 'rxjs';
import { age, idIn } from '../support/ageing.js';
import { ADAPTERS, TestApp } from '../support/app.js';
import { type BackendPair, ENDS_BACKENDS, startPair } from '../support/backend-pair.js';
import { START_MS } from '../support/shared-servers.js';
import { type Browser, TRANSPORTS } from '../support/browser.js';
import { type EventStream, openStream } from '../support/event-stream.js';
import { combine, sample } from '../support/extent.js';
import { GatedBackend } from '../support/gated-backend.js';
import { PrincipalController } from '../support/principal-controller.js';
import { until } from '../support/until.js';

const IDLE_MS = 1000;
const MINUTE_MS = 60_000;

/** Begins, and goes on for ever. */
const endless = () => concat(of({ data: 'begun' }), NEVER);
/** The signals that handlers have asked for. */
let signals: AbortSignal[];

@Controller()
class EndsController {
  constructor(private readonly sessions: SessionService) {}

  @Sse('stream')
  @UntilSessionEnds()
  stream() {
    return endless();
  }
  /** Of a session that begins with it. */
  @Sse('begin')
  @UntilSessionEnds()
  begin(@Session() session: Session) {
    session.visits = 1;
    return endless();
  }
  /** Changes its own session, with signals of before, of between, and of after. */
  @Post('changed/:how')
  @HttpCode(200)
  async changed(@Session() session: Session, @Param('how') how: string) {
    signals.push(this.sessions.signal(session));
    if (how === 'sign-in') await session.signIn('ada');
    else await session.regenerate();
    signals.push(this.sessions.signal(session));
    await session.save();
    signals.push(this.sessions.signal(session));
    // News of it come by then.
    await sleep(100);
    return { aborted: signals.map(({ aborted }) => aborted) };
  }
  @Post('destroyed')
  @HttpCode(200)
  async destroyed(@Session() session: Session) {
    const signal = this.sessions.signal(session);
    // Until it is certain that it was there.
    await sleep(50);
    await session.destroy();
    if (!signal.aborted) await once(signal, 'abort');
    return { reason: (signal.reason as SessionEndedError).reason };
  }
  @Get('signal')
  signal(@Session() session: Session) {
    signals.push(this.sessions.signal(session), this.sessions.signal(session));
  }
}

const CELLS = combine(ADAPTERS, ENDS_BACKENDS).map(([adapter, name]) => ({ adapter, name }));

async function reasonOf(signal: AbortSignal): Promise<unknown> {
  if (!signal.aborted) await once(signal, 'abort');
  expect(signal.reason).toBeInstanceOf(SessionEndedError);
  return (signal.reason as SessionEndedError).reason;
}

beforeEach(() => {
  signals = [];
});

describe.each(CELLS)('the end of a session, on $adapter with $name', ({ adapter, name }) => {
  let pair: BackendPair;
  let here: TestApp;
  let there: TestApp;
  let streams: EventStream[];

  const options = { idleTimeout: '1h', principals: { maxSessions: 2 } };
  const start = (process: 0 | 1, session: Partial<SessionModuleOptions>) =>
    TestApp.start({
      adapter,
      session: { ...options, ...session, backend: pair.backends[process] },
      controllers: [PrincipalController, EndsController],
    });
  const startBoth = async (session: Partial<SessionModuleOptions> = {}) => {
    here = await start(0, session);
    there = await start(1, session);
  };
  beforeEach(async () => {
    streams = [];
    pair = await startPair(name);
  }, START_MS);
  afterEach(async () => {
    for (const stream of streams) stream.close();
    await Promise.all([here.stop(), there.stop()]);
    await pair.stop();
  });

  const service = (app: TestApp) => app.app.get(SessionService);
  const signedIn = async (who: string, app = here) => {
    const browser = app.browser();
    expect((await browser.post(`/sign-in/${who}`)).status).toBe(200);
    return browser;
  };
  const stream = async (browser: Browser, path = '/stream', app = here) => {
    const opened = await openStream(app.url + path, browser);
    streams.push(opened);
    return opened;
  };
  /** What another process learns of why a session has ended. */
  const told = (reason: string) => (pair.isTelling ? reason : 'unknown');

  /** Until news reach a process, in which something is watched: before that an end is found, with no reason. */
  const isListening = async (app: TestApp) => {
    for (let tries = 0; pair.isTelling; tries++) {
      const id = idIn(await signedIn(`canary-${tries}`));
      const signal = service(app).signal(id);
      await sleep(10);
      await service(here).revoke(id);
      if ((await reasonOf(signal)) === 'revoked') return;
    }
  };

  type End = (browser: Browser, id: string) => Promise<unknown>;
  const ENDS: [how: string, reason: string, end: End][] = [
    ['destroy()', 'destroyed', (browser) => browser.post('/destroyed')],
    ['signOut()', 'destroyed', (browser) => browser.post('/sign-out')],
    ['signIn() as somebody else', 'destroyed', (browser) => browser.post('/sign-in/bob')],
    ['revoke(id)', 'revoked', (_, id) => service(here).revoke(id)],
    [
      'revoke(id, { principal })',
      'revoked',
      (_, id) => service(here).revoke(id, { principal: 'ada' }),
    ],
    ['revokeAll()', 'revoked', () => service(here).revokeAll('ada')],
    ['the limit', 'limit', async () => [await signedIn('ada'), await signedIn('ada')]],
  ];
  it.each(ENDS)('by %s is told in each process, to signals and streams', async (_, reason, end) => {
    await startBoth();
    const browser = await signedIn('ada');
    const id = idIn(browser);
    const [own, other] = [service(here).signal(id), service(there).signal(id)];
    const [near, far] = [await stream(browser), await stream(browser, '/stream', there)];
    await Promise.all([isListening(here), isListening(there)]);
    expect([own.aborted, other.aborted]).toEqual([false, false]);
    await end(browser, id);
    expect(await reasonOf(own)).toBe(reason);
    expect(await reasonOf(other)).toBe(told(reason));
    expect((own.reason as SessionEndedError).id).toBe(id);
    await Promise.all([near.ended, far.ended]);
  });

  it('by revokeAll() is not that of the session that is excepted', async () => {
    await startBoth();
    const [stays, ends] = [await signedIn('ada'), await signedIn('ada')];
    const [kept, gone] = [stays, ends].map((each) => service(there).signal(idIn(each))) as [
      AbortSignal,
      AbortSignal,
    ];
    await isListening(there);
    await service(here).revokeAll('ada', { except: idIn(stays) });
    expect(await reasonOf(gone)).toBe(told('revoked'));
    expect(kept.aborted).toBe(false);
  });

  it('is seen where the session had ended before, or never was', async () => {
    await startBoth();
    const browser = await signedIn('ada');
    const id = idIn(browser);
    await service(there).revoke(id);
    expect(await reasonOf(service(here).signal(id))).toBe('unknown');
    expect(await reasonOf(service(here).signal('nobody'))).toBe('unknown');
  });

  it('by a new generation is that of streams of before, in each process, and of no id', async () => {
    await startBoth();
    const browser = here.browser();
    await browser.post('/set/cart');
    const thief = browser.copy();
    const [near, far] = [await stream(thief), await stream(thief, '/stream', there)];
    const goesOn = service(there).signal(idIn(browser));
    await browser.post('/sign-in/ada');
    await Promise.all([near.ended, far.ended]);
    expect(goesOn.aborted).toBe(false);
    await stream(browser);
    // A token that was replaced opens nothing that goes on.
    await expect(stream(thief)).rejects.toThrow('No event');
  });

  it.each(['sign-in', 'regenerate'])(
    'is none where a request does it itself by %s',
    async (how) => {
      await startBoth();
      const browser = here.browser();
      expect((await browser.post(`/changed/${how}`)).json()).toEqual({
        aborted: [false, false, false],
      });
      expect((await browser.post(`/changed/${how}`)).json()).toEqual({
        aborted: Array(6).fill(false),
      });
    },
  );

  it('by its own destroy() is told to a request, too', async () => {
    await startBoth();
    const browser = await signedIn('ada');
    const isWatched = service(here).signal(idIn(await signedIn('bob')));
    await isListening(here);
    expect(isWatched.aborted).toBe(false);
    expect((await browser.post('/destroyed')).json()).toEqual({ reason: 'destroyed' });
  });

  it('is none by a renewal of its token', async () => {
    await startBoth({ renewInterval: '10m' });
    const browser = await signedIn('ada');
    const opened = await stream(browser, '/stream', there);
    let isOver = false;
    void opened.ended.then(() => (isOver = true));
    const signal = service(there).signal(idIn(browser));
    const { token } = browser;
    await age(pair.backends[0], idIn(browser), 11 * MINUTE_MS);
    await browser.get('/me');
    expect(browser.token).not.toBe(token);
    // Whatever the renewal tells of comes before what is told later.
    const later = await signedIn('bob');
    const laterSignal = service(there).signal(idIn(later));
    await service(here).revoke(idIn(later));
    await reasonOf(laterSignal);
    expect([isOver, signal.aborted]).toEqual([false, false]);
    await service(here).revokeAll('ada');
    await opened.ended;
  });

  // It takes seconds, and no adapter has a part in it.
  if (adapter === 'fastify') {
    it('by time is told with no news of it, and not where it is used meanwhile', async () => {
      await startBoth({ idleTimeout: `${IDLE_MS}ms` });
      const [used, unused] = [await signedIn('ada'), await signedIn('bob')];
      const streamOfUnused = await stream(unused, '/stream', there);
      const streamOfUsed = await stream(used, '/stream', there);
      let isUsedOver = false;
      void streamOfUsed.ended.then(() => (isUsedOver = true));
      const signal = service(there).signal(idIn(unused));
      const endsAt = performance.now() + 2 * IDLE_MS;
      while (performance.now() < endsAt) {
        await used.get('/me');
        await sleep(IDLE_MS / 10);
      }
      await streamOfUnused.ended;
      expect(await reasonOf(signal)).toBe('expired');
      expect(isUsedOver).toBe(false);
      await streamOfUsed.ended;
    });
  }

  it('of a session that begins in a request is told from when it is stored', async () => {
    await startBoth();
    const browser = here.browser();
    const begun = await stream(browser, '/begin');
    await service(there).revoke(idIn(browser));
    await begun.ended;
  });
});

const SIGNAL_ADAPTERS = sample(ADAPTERS, (adapter) => adapter === 'fastify');

describe.each(SIGNAL_ADAPTERS)('a signal on %s', (adapter) => {
  let backend: GatedBackend;
  let app: TestApp;
  const start = (session: Partial<SessionModuleOptions> = {}) =>
    TestApp.start({
      adapter,
      session: { backend, ...session },
      controllers: [PrincipalController, EndsController],
    });
  beforeEach(() => {
    backend = new GatedBackend(new MemoryBackend());
  });
  afterEach(() => app.stop());
  const sessions = () => app.app.get(SessionService);

  it.each(TRANSPORTS)('of a session by %s ends its stream', async (transport) => {
    app = await TestApp.start({
      adapter,
      transport,
      session: { backend },
      controllers: [PrincipalController, EndsController],
    });
    const browser = app.browser();
    await browser.post('/sign-in/ada');
    const stream = await openStream(`${app.url}/stream`, browser);
    await sessions().revokeAll('ada');
    await stream.ended;
  });

  it.each(['eager', 'lazy'] as const)('costs a stream one read (load %s)', async (load) => {
    app = await start({ load });
    const browser = app.browser();
    await browser.post('/sign-in/ada');
    backend.reads = 0;
    const stream = await openStream(`${app.url}/stream`, browser);
    await until('the question', () => backend.reads === 2);
    stream.close();
  });

  it('is one for all who ask in a request, and watches no longer than that', async () => {
    app = await start();
    const browser = app.browser();
    await browser.post('/sign-in/ada');
    await browser.get('/signal');
    expect(signals[0]).toBe(signals[1]);
    await until('the end of the watch', () => backend.listeners === 0);
    expect(signals[0]!.aborted).toBe(false);
  });

  it('is not aborted by its own request, whose news come before the answer', async () => {
    app = await start();
    const browser = app.browser();
    await browser.post('/set/cart');
    backend.afterWrite = async () => {
      const { reads } = backend;
      await until('the question', () => backend.reads > reads);
      await sleep(50);
    };
    expect((await browser.post('/changed/regenerate')).json()).toEqual({
      aborted: [false, false, false],
    });
  });

  it('is watched while somebody waits, and the backend is listened to no longer', async () => {
    app = await start();
    const browser = app.browser();
    await browser.post('/sign-in/ada');
    expect(backend.listeners).toBe(0);
    const stream = await openStream(`${app.url}/stream`, browser);
    const done = new AbortController();
    const signal = sessions().signal(idIn(browser), { until: done.signal });
    expect(backend.listeners).toBe(1);
    stream.close();
    done.abort();
    await until('the end of the watch', () => backend.listeners === 0);
    await sessions().revokeAll('ada');
    expect(signal.aborted).toBe(false);
    expect(sessions().signal(idIn(browser), { until: done.signal }).aborted).toBe(false);
    expect(backend.listeners).toBe(0);
  });

  it('of what is no session says what to write', async () => {
    app = await start();
    for (const target of [undefined, null, 7, true]) {
      expect(() => sessions().signal(target as never)).toThrow(
        'sessions.signal(target) takes a context, a session or its id',
      );
    }
    expect(() => sessions().signal({})).toThrow('This Object has no session');
    const cron = { switchToHttp: () => {}, getType: () => 'rpc' } as unknown as ExecutionContext;
    expect(() => sessions().signal(cron)).toThrow('This is a message of a microservice');
  });
});

describe.each(ENDS_BACKENDS)('sessions.ends with %s', (name) => {
  it('tells of each end once, in each process that can know, and of what comes later', async () => {
    const pair = await startPair(name);
    const apps = await Promise.all(
      pair.backends.map((backend) =>
        TestApp.start({
          adapter: 'express',
          session: { backend },
          controllers: [PrincipalController],
        }),
      ),
    );
    const [here, there] = apps as [TestApp, TestApp];
    const browser = here.browser();
    await browser.post('/sign-in/ada');
    const heard: [SessionEnd[], SessionEnd[]] = [[], []];
    const subscriptions = apps.map((app, process) =>
      app.app.get(SessionService).ends.subscribe((end) => heard[process as 0 | 1].push(end)),
    );
    // What was told before is over: listening has begun.
    await sleep(100);
    const id = idIn(browser);
    await browser.post('/sign-out');
    await until('the end', () => heard[0].length > 0);
    const stranger = there.browser();
    await stranger.post('/set/cart');
    const other = idIn(stranger);
    await there.app.get(SessionService).revoke(other);
    await there.app.get(SessionService).revoke(other);
    await until('the other', () => heard[1].length > 0);
    const ends = [
      { id, principal: 'ada', reason: 'destroyed' },
      { id: other, principal: undefined, reason: 'revoked' },
    ];
    await sleep(100);
    if (pair.isTelling) expect(heard).toEqual([ends, ends]);
    else expect(heard).toEqual([[ends[0]], [ends[1]]]);
    for (const subscription of subscriptions) subscription.unsubscribe();
    await here.stop();
    await there.stop();
    await pair.stop();
  });

  it('listens to the backend only while somebody is subscribed, once', async () => {
    const backend = new GatedBackend(new MemoryBackend());
    const app = await TestApp.start({ adapter: 'fastify', session: { backend } });
    const { ends } = app.app.get(SessionService);
    expect(backend.listeners).toBe(0);
    const first = ends.subscribe();
    const second = ends.subscribe();
    expect(backend.listeners).toBe(1);
    first.unsubscribe();
    second.unsubscribe();
    expect(backend.listeners).toBe(0);
    ends.subscribe();
    await app.stop();
    expect(backend.listeners).toBe(0);
  });
});
