import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type Session, SessionMiddleware } from 'nestjs-server-session';
import type { Server, Socket } from 'socket.io';
import { connect } from '../support/gateway-client.js';
import { CELLS, GatewaySuite, visitsOf } from '../support/gateway-suite.js';
import { script, TestGateway } from '../support/gateway.js';
import { until } from '../support/until.js';

type Next = () => void;

describe.each(CELLS.filter(([platform]) => platform !== 'ws'))(
  'over %s, on %s, socket.io itself',
  (platform, adapter) => {
    const suite = new GatewaySuite(platform, adapter);

    const start = async () => {
      const browser = await suite.start();
      await browser.post('/visits');
      return { browser, server: suite.app.app.get(TestGateway).server as unknown as Server };
    };
    /** With `SessionMiddleware` as express-session's users have theirs. */
    const withMiddleware = async () => {
      const started = await start();
      started.server.engine.use(suite.app.app.get(SessionMiddleware).use);
      return started;
    };

    it('has request.session by io.engine.use(), to read and to save', async () => {
      const { browser, server } = await withMiddleware();
      let found!: Session;
      server.use((socket: Socket, next) => {
        found = (socket.request as IncomingMessage & { session: Session }).session;
        next();
      });
      const client = await suite.connect(browser.cookies);
      expect(found.visits).toBe(1);
      found.visits = 5;
      await found.save();
      expect(await client.ask('increment')).toEqual({ value: { visits: 6 } });
      expect(await visitsOf(browser)).toBe(6);
      await expect(found.regenerate()).rejects.toThrow("The client can't be told of a new token");
    });

    it('lets strangers in behind it, and gives them nothing', async () => {
      const { server } = await withMiddleware();
      suite.forget();
      const client = await suite.connect();
      expect(await client.ask('read')).toEqual({ value: { isNew: true } });
      const handshake = await suite.app.browser().get('/socket.io/?EIO=4&transport=polling');
      expect([handshake.status, handshake.setCookies]).toEqual([200, []]);
      expect([suite.backend.reads, suite.backend.writes]).toEqual([0, []]);
      server.engine.close();
    });

    it('saves what middleware behind it changes', async () => {
      const { browser, server } = await withMiddleware();
      server.engine.use(
        (request: IncomingMessage & { session: Session }, _: unknown, next: Next) => {
          request.session.field1 = 1;
          next();
        },
      );
      await suite.connect(browser.cookies);
      const stored = async () => (await browser.get('/visits')).json();
      await until('the change', async () => (await stored())['field1'] === 1);
      expect(await stored()).toEqual({ visits: 1, field1: 1 });
    });

    it('has request.session by io.use(), too', async () => {
      const { browser, server } = await start();
      const { use } = suite.app.app.get(SessionMiddleware);
      server.use((socket: Socket, next) => use(socket.request, {}, next));
      let session!: Session;
      script.onConnection = async (client) => {
        session = (client as { request: { session: Session } }).request.session;
        session.increment('field1');
      };
      const client = await suite.connect(browser.cookies);
      await until('the change', () => suite.backend.writes.includes('update'));
      expect(await client.ask('increment')).toEqual({ value: { visits: 2 } });
      expect((await browser.get('/visits')).json()).toEqual({ visits: 2, field1: 1 });
    });

    it('has sessions.of(socket) in its middleware', async () => {
      const { browser, server } = await withMiddleware();
      const sessions = suite.sessions;
      server.use((socket: Socket, next) => {
        sessions
          .of(socket)
          .then(({ visits }) => next(visits === 1 ? undefined : new Error('no visits')), next);
      });
      await suite.connect(browser.cookies);
      await expect(connect(platform, suite.app, {})).rejects.toThrow('no visits');
    });

    it('holds an acknowledgement back that a handler sends by itself', async () => {
      const { client } = await suite.visitor();
      let isStored = false;
      suite.backend.afterWrite = async () => void (isStored = true);
      expect(await client.ask('ack')).toEqual({ value: { visits: 2 } });
      expect(isStored).toBe(true);
      suite.backend.beforeWrite = () => Promise.reject(new Error('disk full'));
      expect(await client.ask('ack')).toMatchObject({
        exception: { message: 'Service Unavailable' },
      });
    });
  },
);
