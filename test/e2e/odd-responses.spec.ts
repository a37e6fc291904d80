import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:http2';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { INestApplication } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import compression from 'compression';
import { MemoryBackend, SessionMiddleware, type SessionModuleOptions } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { getCompressed } from '../support/compressed-kinds.js';
import { GatedBackend } from '../support/gated-backend.js';
import { gates, LateController, renewGates } from '../support/late-controller.js';
import { OddController } from '../support/odd-controller.js';
import { RawRequest } from '../support/raw-client.js';
import { until } from '../support/until.js';

const failing = () => Promise.reject(new Error('disk full'));

/** Adds a header when the head is written, as packages do that use `on-headers`. */
function addHeaderToHead(_request: IncomingMessage, response: ServerResponse, next: () => void) {
  const { writeHead } = response;
  response.writeHead = function (this: ServerResponse, ...args: [number]) {
    this.setHeader('X-Response-Time', '1');
    return writeHead.apply(this, args);
  };
  next();
}

/** The session's middleware, and another one that wraps the response after it. */
function behindSession(middleware: (...args: never[]) => void): (app: INestApplication) => void {
  return (app) => {
    app.use(app.get(SessionMiddleware).use);
    app.use(middleware);
  };
}

describe.each(ADAPTERS)('odd responses, on %s', (adapter) => {
  let app: TestApp;
  let backend: GatedBackend;

  async function start(
    session: Partial<SessionModuleOptions> = {},
    prepare?: (app: INestApplication) => void,
  ) {
    backend = new GatedBackend(new MemoryBackend());
    app = await TestApp.start({
      adapter,
      session: { backend, ...session },
      controllers: [OddController, LateController],
      ...(prepare && { prepare }),
    });
  }
  beforeEach(renewGates);
  afterEach(() => app.stop());

  it.each([
    ['set', 'eager', 'a new session', ''],
    ['save', 'eager', 'a new session', ' (SessionTokenError)'],
    ['save', 'lazy', 'a new session', ' (SessionTokenError)'],
    ['regenerate-and-set', 'eager', 'a stored session', ' (SessionTokenError)'],
  ] as const)(
    'a change right behind the first bytes (%s, %s) is not made where %s needs a cookie for it, and that is said once',
    async (change, load, kind, failure) => {
      await start({ load });
      const browser = app.browser();
      if (kind === 'a stored session') await browser.get('/visit');
      const before = [...backend.writes];
      const warnings = () => app.logs.lines.filter((line) => /could not be saved/.test(line));
      gates.first.open();
      gates.last.open();
      const answer = await browser.get(`/raw/${change}`);
      expect(answer.text).toBe(`first second${failure}`);
      expect(answer.setCookies).toEqual([]);
      expect(backend.writes).toEqual(before);
      if (kind === 'a stored session') return;
      await until('a warning', () => warnings().length > 0);
      expect(warnings()).toEqual([expect.stringMatching(/SessionTokenError/)]);
    },
  );

  it('who signs in without awaiting regenerate() is never signed in under the old token, though writing fails once', async () => {
    await start();
    const browser = app.browser();
    await browser.get('/visit');
    const attacker = browser.copy();
    let failures = 0;
    backend.beforeWrite = async (method) => {
      if (method === 'update' && failures++ === 0) throw new Error('connection lost');
    };
    await browser.get('/sign-in-unawaited');
    expect(failures).toBeGreaterThan(0);
    expect((await attacker.get('/session')).json()).not.toHaveProperty('userId');
  });

  it('a middleware that adds headers when the head is written is asked where nobody calls writeHead', async () => {
    await start({}, behindSession(addHeaderToHead));
    const answer = await app.browser().get('/end');
    expect(answer.headers.get('x-response-time')).toBe('1');
    expect(answer.setCookies).toHaveLength(1);
  });

  it('flushHeaders() under compression: the head says gzip, and the cookie is in it', async () => {
    await start({}, behindSession(compression({ threshold: 0 })));
    const answer = await getCompressed(`${app.url}/flush-headers`);
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(answer.headers['set-cookie']).toHaveLength(1);
    expect(answer.body.toString()).toBe('flushed');
  });

  it('flushHeaders() under compression: a whole 503 that can be read where saving fails', async () => {
    await start({}, behindSession(compression({ threshold: 0 })));
    backend.beforeWrite = failing;
    const answer = await getCompressed(`${app.url}/flush-headers`);
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ statusCode: 503 });
  });

  it('a body that Node refuses is answered or logged, and does not vanish', async () => {
    await start({ load: 'lazy' });
    const logged = app.logs.lines.length;
    const request = await RawRequest.send(app.url, 'GET', '/bad-chunk');
    await until(
      'an answer or a log line',
      () => request.received !== '' || app.logs.lines.length > logged,
    );
    request.abort();
  });

  it('a body given to one end() keeps its Content-Length', async () => {
    await start();
    const answer = await app.browser().get('/end');
    expect(answer.text).toBe('hello');
    expect(answer.headers.get('content-length')).toBe('5');
  });

  it('a status that Node refuses is thrown at the caller of writeHead', async () => {
    await start();
    expect((await app.browser().get('/bad-status')).status).toBe(418);
  });
});

describe('odd responses, on fastify with HTTP/2', () => {
  it('the 503 where saving fails has its message', async () => {
    const backend = new GatedBackend(new MemoryBackend());
    backend.beforeWrite = failing;
    const app = await TestApp.start({
      adapter: new FastifyAdapter({ http2: true } as object),
      session: { backend },
      controllers: [OddController],
    });
    const client = connect(app.url);
    try {
      await once(client, 'connect');
      const body = await text(client.request({ ':path': '/end' }));
      expect(JSON.parse(body)).toEqual({ statusCode: 503, message: 'Service Unavailable' });
    } finally {
      client.destroy();
      await app.stop();
    }
  });
});
