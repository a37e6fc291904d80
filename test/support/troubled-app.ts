import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { RedisBackend, type SessionBackend, type SessionOptions } from 'nestjs-server-session';
import { type AdapterName, TestApp } from './app.js';
import type { Answer, Browser } from './browser.js';
import { InterleavingController } from './interleaving-controller.js';
import { CLIENTS_OF, DEFAULT_PACKAGE, type TestClient } from './redis-clients.js';
import type { RedisServer } from './redis-server.js';
import { Stalls } from './stalls.js';
import { until } from './until.js';

export const TIMEOUT_MS = 300;
/** What an answer may take beyond the time that the backend has. */
export const SLACK_MS = 100;
/** How soon sessions are there again once Redis is. */
const RETURN_MS = 1000;
/** Between two requests of one visitor, so that the machine has time for all of them. */
const PAUSE_MS = 10;

export type ClientName = 'fromUrl' | "a user's client" | 'node-redis';
export const CLIENTS: ClientName[] = ['fromUrl', "a user's client"];

/** Both clients and both adapters, where one has nothing to do with the other. */
export const CELLS: Pick<TroubledAppOptions, 'adapter' | 'client'>[] = [
  { adapter: 'express', client: 'fromUrl' },
  { adapter: 'fastify', client: "a user's client" },
];

export interface TroubledAppOptions {
  adapter: AdapterName;
  server: RedisServer;
  /** Default `fromUrl`; or options for a client of the user. */
  client?: ClientName | object;
  /** The port of what stands before the server. */
  port?: number;
  session?: Partial<SessionOptions>;
}

/** An application whose backend gets into trouble, and a visitor who had a session before that. */
export class TroubledApp {
  private constructor(
    readonly app: TestApp,
    readonly visitor: Browser,
    readonly used: TestClient | undefined,
  ) {}

  static async start(options: TroubledAppOptions): Promise<TroubledApp> {
    const { adapter, server, client: kind = 'fromUrl', port = server.port } = options;
    const used = kind === 'fromUrl' ? undefined : clientOf(kind, port);
    const backend = used
      ? new RedisBackend({ client: used.client })
      : RedisBackend.fromUrl(`redis://127.0.0.1:${port}`);
    await used?.ready;
    return TroubledApp.on(backend, adapter, options.session, used);
  }

  /** One with any backend. */
  static async on(
    backend: SessionBackend,
    adapter: AdapterName,
    options: Partial<SessionOptions> = {},
    used?: TestClient,
  ): Promise<TroubledApp> {
    const session = { backend, backendTimeout: TIMEOUT_MS / 1000, ...options };
    const app = await TestApp.start({ adapter, session, controllers: [InterleavingController] });
    const visitor = app.browser();
    await visitor.post('/set/1');
    app.logs.lines.length = 0;
    return new TroubledApp(app, visitor, used);
  }

  /** What was logged of the backend, in order. */
  get logged(): string[] {
    const lines = this.app.logs.lines.filter((line) => line.includes('session backend'));
    return lines.map((line) => line.replace(/ SessionBackend$/, ''));
  }

  /** One line for the trouble and one for its end, which is told when all has been well for a while. */
  async expectLogged(begin: unknown, end: string): Promise<void> {
    const isOver = () => this.logged.includes(end);
    const goOn = async () => (await this.visitor.post('/increment')).status === 200 && isOver();
    await until(`the line: ${end}`, goOn);
    expect(this.logged).toEqual([begin, end]);
  }

  /** Whoever brings a cookie gets 503 in time and keeps the cookie, whatever is asked. */
  async expectUnavailable(): Promise<void> {
    const { visitor } = this;
    const before = { ...visitor.cookies };
    const ask = () => [
      visitor.get('/session'),
      visitor.post('/set/2'),
      visitor.post('/increment'),
      visitor.post('/sign-in'),
      visitor.post('/sign-out'),
    ];
    await expectInTime(ask().map(expectRefused));
    await expectInTime(ask().map(expectRefused));
    expect(visitor.cookies).toEqual(before);
  }

  /** Whoever brings no cookie and writes nothing is served, and nobody gets a cookie for what was not stored. */
  async expectUnharmed(): Promise<void> {
    const stranger = this.app.browser();
    const answer = await stranger.get('/session');
    expect([answer.status, answer.text, answer.setCookies]).toEqual([200, '{}', []]);
    await expectInTime([expectRefused(stranger.post('/set/1'))]);
    expect(stranger.cookies).toEqual({});
  }

  /** Soon after the backend is back the session is there, and can be written. */
  async expectBack(data: object = { field1: 1 }, withinMs = RETURN_MS): Promise<void> {
    const { visitor } = this;
    await until(
      'the session again',
      async () => (await visitor.get('/session')).status === 200,
      withinMs,
    );
    expect((await visitor.get('/session')).json()).toEqual(data);
    expect((await visitor.post('/set/3')).status).toBe(200);
    expect((await visitor.get('/session')).json()).toEqual({ ...data, field3: 3 });
    expect((await this.app.browser().post('/set/1')).status).toBe(200);
  }

  async stop(): Promise<void> {
    await this.app.stop();
    await this.used?.close();
  }
}

function clientOf(kind: Exclude<TroubledAppOptions['client'], undefined>, port: number) {
  const clients = CLIENTS_OF[kind === 'node-redis' ? kind : DEFAULT_PACKAGE];
  return clients.single({ host: '127.0.0.1', port }, typeof kind === 'object' ? kind : {});
}

/** A whole 503 with nothing of what the handler wrote. */
export async function expectRefused(asked: Promise<Answer>): Promise<void> {
  const answer = await asked;
  const { status, setCookies, headers } = answer;
  expect({ status, setCookies, retryAfter: headers.get('retry-after') }).toEqual({
    status: 503,
    setCookies: [],
    retryAfter: '1',
  });
  expect(answer.json()).toEqual({ statusCode: 503, message: 'Service Unavailable' });
}

/** All end in the time that the backend has, and a little. */
export async function expectInTime(work: Promise<void>[]): Promise<void> {
  const stalls = new Stalls();
  const startMs = performance.now();
  await Promise.all(work);
  expect(performance.now() - startMs - stalls.longestMs()).toBeLessThan(TIMEOUT_MS + SLACK_MS);
}

/** Starts a killed Redis again. */
export async function restarted(server: RedisServer): Promise<void> {
  server.restart();
  await until('Redis again', () => isUp(server));
}

/** Whether it does what it is asked for: one that is loading answers, but does not. */
async function isUp(server: RedisServer): Promise<boolean> {
  const client = server.client({
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    // ioredis keeps a timer for so long, even where there is no connection to close.
    disconnectTimeout: 20,
  });
  try {
    return (await client.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

export interface TimedAnswer {
  status: number;
  tookMs: number;
}

/** What came of asking again and again, by several visitors at a time, while something was done. */
export async function answersDuring(
  task: () => Promise<unknown>,
  visitors: number,
  ask: () => Promise<Answer>,
): Promise<TimedAnswer[]> {
  const answers: TimedAnswer[] = [];
  let isOver = false;
  const asking = Array.from({ length: visitors }, async () => {
    while (!isOver) {
      const startMs = performance.now();
      const { status } = await ask();
      answers.push({ status, tookMs: performance.now() - startMs });
      await sleep(PAUSE_MS);
    }
  });
  try {
    await task();
  } finally {
    isOver = true;
    await Promise.all(asking);
  }
  return answers;
}
