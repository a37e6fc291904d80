import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Controller, Get, type INestApplication, Module, Res } from '@nestjs/common';
import type { MiddlewareConsumer, NestModule } from '@nestjs/common';
import express, { type Express, type RequestHandler } from 'express';
import { MemoryBackend, Session, SessionMiddleware, SessionService } from 'nestjs-server-session';
import { ADAPTERS, TestApp, type TestAppOptions } from '../support/app.js';
import { Gate, GatedBackend } from '../support/gated-backend.js';
import { RawRequest } from '../support/raw-client.js';

type Next = (error?: unknown) => void;
type WithSession = IncomingMessage & { session: Session };

@Controller()
class PlainController {
  @Get('value')
  value(@Session() session: Session) {
    session.visits = 1;
    return { kind: 'value' };
  }
  @Get('res')
  res(@Session() session: Session, @Res() response: { send(body: unknown): void }) {
    session.visits = 1;
    response.send({ kind: 'value' });
  }
}

let backend: GatedBackend;
let app: TestApp;
beforeEach(() => {
  backend = new GatedBackend(new MemoryBackend());
});
afterEach(() => app.stop());

async function start(options: Partial<TestAppOptions> = {}): Promise<void> {
  app = await TestApp.start({
    adapter: 'express',
    session: { backend, load: 'lazy' },
    controllers: [PlainController],
    ...options,
  });
}

/** Sends a request whose session takes a while to save; not a byte may come before. */
async function sendHeld(path: string) {
  const gate = new Gate();
  backend.beforeWrite = () => gate.pass();
  const request = await RawRequest.send(app.url, 'GET', path);
  await gate.reached;
  await sleep(15);
  expect(request.received).toBe('');
  gate.open();
  return request.answer();
}

/** An Express application that loads and changes the session by itself. */
function subApplication(nest: INestApplication): Express {
  const sub = express().use(nest.get(SessionMiddleware).use as RequestHandler);
  return sub.get('/x', (request, response) => {
    (request as unknown as WithSession).session.visits = 1;
    response.json({ kind: 'sub' });
  });
}

describe('a response that goes through several Express applications', () => {
  it('leaves when its session is saved that was first loaded in a mounted one, in any order', async () => {
    await start({
      prepare: (nest) => nest.use('/admin', subApplication(nest)),
    });
    const bodies = [];
    for (const path of ['/admin/x', '/value', '/admin/x', '/value']) {
      const answer = await sendHeld(path);
      expect(answer.setCookies).toHaveLength(1);
      expect(answer.head).toMatch(/vary: cookie/i);
      bodies.push(answer.body);
    }
    const [sub, value] = ['{"kind":"sub"}', '{"kind":"value"}'];
    expect(bodies).toEqual([sub, value, sub, value]);
  });

  it('leaves when its session is saved that was loaded before an application that is a middleware', async () => {
    const board = express().use((request, response) => {
      (request as unknown as WithSession).session.visits = 1;
      response.json({ kind: 'board' });
    });
    @Module({})
    class BoardModule implements NestModule {
      configure(consumer: MiddlewareConsumer) {
        consumer.apply(SessionMiddleware, board).forRoutes('board');
      }
    }
    await start({ imports: [BoardModule] });
    const answer = await sendHeld('/board');
    expect(answer.body).toBe('{"kind":"board"}');
    expect(answer.setCookies).toHaveLength(1);
    expect(answer.head).toMatch(/vary: cookie/i);
  });

  it('has its prototypes as they were', async () => {
    let prototype: object | undefined;
    await start({
      prepare: (nest) =>
        nest.use((_request: unknown, response: ServerResponse, next: Next) => {
          prototype ??= Object.getPrototypeOf(response) as object;
          next();
        }),
    });
    await sendHeld('/value');
    for (let each = prototype; each; each = Object.getPrototypeOf(each) as object) {
      expect(Object.getOwnPropertySymbols(each).map(String).join()).not.toMatch(/held|hold/);
      if (each === express.response) expect(Object.keys(each)).not.toContain('writeHead');
    }
  });
});

describe.each(['value', 'res'])('a middleware that wraps only `end`, with %s', (path) => {
  it.each(['lazy', 'eager'] as const)(
    'the first answer of a process is whole (%s)',
    async (load) => {
      await start({
        session: { backend, load },
        prepare: (nest) =>
          nest.use((_request: unknown, response: ServerResponse, next: Next) => {
            const { end } = response;
            response.end = function (this: ServerResponse, ...args: []) {
              response.end = end;
              return response.end(...args);
            } as ServerResponse['end'];
            next();
          }),
      });
      for (const _time of [1, 2]) {
        const answer = await sendHeld(`/${path}`);
        expect([answer.status, answer.body]).toEqual([200, '{"kind":"value"}']);
        expect(answer.setCookies).toHaveLength(1);
      }
    },
  );
});

it.each(['before', 'after'])(
  'a wrapper of `writeHead` that stands %s SessionMiddleware runs once',
  async (where) => {
    let calls = 0;
    const wrap = (_request: unknown, response: ServerResponse, next: Next) => {
      const { writeHead } = response;
      response.writeHead = function (this: ServerResponse, ...args: [number]) {
        calls++;
        return writeHead.apply(this, args);
      };
      next();
    };
    await start({
      prepare: (nest) => {
        const { use } = nest.get(SessionMiddleware);
        for (const each of where === 'before' ? [wrap, use] : [use, wrap]) nest.use(each);
      },
    });
    expect((await sendHeld('/value')).setCookies).toHaveLength(1);
    expect(calls).toBe(1);
    backend.beforeWrite = () => Promise.reject(new Error('disk full'));
    expect((await (await RawRequest.send(app.url, 'GET', '/value')).answer()).status).toBe(503);
  },
);

it('a request without a response, as an upgrade to a WebSocket has it: nothing is patched, and there is a session', async () => {
  await start();
  const request = { headers: {} } as WithSession;
  const response = {} as ServerResponse;
  await new Promise<void>((resolve, reject) => {
    const next: Next = (error) => (error ? reject(error) : resolve());
    app.app.get(SessionMiddleware).use(request, response, next);
  });
  expect(request.session.isNew).toBe(true);
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(Reflect.ownKeys(response)).toEqual([]);
});

describe.each(ADAPTERS)('a response of %s', (adapter) => {
  @Controller()
  class LateController {
    constructor(private readonly sessions: SessionService) {}
    @Get('late/:change')
    async late(
      @Res() reply: ServerResponse & { raw?: ServerResponse; hijack?(): void; request?: object },
    ) {
      reply.hijack?.();
      const raw = reply.raw ?? reply;
      raw.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': '11' });
      raw.write('first ');
      const session = await this.sessions.of(raw.req);
      if (raw.req.url!.endsWith('/write')) session.visits = 1;
      await sleep(5);
      raw.end('later');
    }
  }

  it.each(['read', 'write'])(
    'whose head has left before the session was loaded to %s it is as without',
    async (change) => {
      await start({ adapter, controllers: [LateController] });
      const request = await RawRequest.send(app.url, 'GET', `/late/${change}`);
      const answer = await request.answer();
      expect(answer.body).toBe('first later');
      expect(answer.setCookies).toEqual([]);
      expect(request.received.match(/HTTP\/1\.1/g)).toHaveLength(1);
      if (change === 'read') return;
      while (app.logs.lines.every((line) => !/could not be saved after its response/.test(line))) {
        await sleep(2);
      }
      expect(backend.writes).toEqual([]);
    },
  );

  it.each(['value', 'res'])(
    'that is held is waited for when the application closes (%s)',
    async (path) => {
      await start({ adapter });
      const gate = new Gate();
      backend.beforeWrite = () => gate.pass();
      const request = await RawRequest.send(app.url, 'GET', `/${path}`);
      await gate.reached;
      await sleep(5);
      const closing = app.app.close();
      await sleep(15);
      gate.open();
      expect((await request.answer()).body).toBe('{"kind":"value"}');
      await closing;
    },
  );
});
