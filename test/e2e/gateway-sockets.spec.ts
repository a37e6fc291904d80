import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { type Session, SessionMiddleware, type SessionService } from 'nestjs-server-session';
import type { Server, Socket } from 'socket.io';
import { age, idIn } from '../support/ageing.js';
import { connect } from '../support/gateway-client.js';
import { CELLS, GatewaySuite, visitsOf } from '../support/gateway-suite.js';
import { script, TestGateway } from '../support/gateway.js';
import { until } from '../support/until.js';

const MINUTE_MS = 60_000;

describe.each(CELLS)('the session of a socket over %s, on %s', (platform, adapter) => {
  const suite = new GatewaySuite(platform, adapter);
  const onConnection = (hook: typeof script.onConnection) => (script.onConnection = hook);

  it('is there in handleConnection, and what is changed there is saved', async () => {
    onConnection(async (client, sessions) => {
      const session = await sessions.of(client);
      session.increment('field1');
      return { ...session };
    });
    const { browser } = await suite.visitor();
    await until('the connection', () => script.seen.length === 1);
    expect(script.seen).toEqual([{ visits: 1, field1: 1 }]);
    await until('the change', () => suite.backend.writes.length === 1);
    expect((await browser.get('/visits')).json()).toEqual({ visits: 1, field1: 1 });
  });

  it('is told apart in handleConnection where the handshake brought none', async () => {
    onConnection(async (client, sessions) => (await sessions.of(client)).isNew);
    await suite.start();
    await suite.connect();
    await until('the connection', () => script.seen.length === 1);
    expect(script.seen).toEqual([true]);
  });

  it('warns of what could not be saved where nobody waits for an answer', async () => {
    onConnection(async (client, sessions) => (await sessions.of(client)).increment('visits'));
    await suite.start();
    await suite.connect();
    await until('the warning', () =>
      suite.app.logs.lines.some((line) => line.includes('could not be saved over a socket')),
    );
    expect(suite.backend.writes).toEqual([]);
  });

  it('is read anew by each call, and costs nothing where nobody asks', async () => {
    let client!: object;
    let sessions!: SessionService;
    onConnection(async (...args) => void ([client, sessions] = args));
    const { browser } = await suite.visitor();
    await until('the connection', () => client !== undefined);
    expect(suite.backend.reads).toBe(0);
    expect((await sessions.of(client)).visits).toBe(1);
    await browser.post('/visits');
    suite.forget();
    expect((await sessions.of(client)).visits).toBe(2);
    expect(suite.backend.reads).toBe(1);
  });

  it('keeps what a handler writes whose client has gone', async () => {
    const { browser, client } = await suite.visitor();
    void client.ask('slow');
    await script.gate.reached;
    client.close();
    await until('the end of the connection', () => suite.connections() === 0);
    script.gate.open();
    await until('the change', () => suite.backend.writes.length === 1);
    expect(await visitsOf(browser)).toBe(100);
  });

  it('outlives a renewal of its token, and renews none', async () => {
    const { browser, client } = await suite.visitor({ renewInterval: '10m' });
    await until('the handshake', () => suite.backend.reads === 1);
    const id = idIn(browser);
    const before = browser.cookies['sid'];
    await age(suite.backend, id, 11 * MINUTE_MS);
    suite.forget();
    expect(await client.ask('increment')).toEqual({ value: { visits: 2 } });
    expect(suite.backend.writes).toEqual(['update']);
    await browser.get('/visits');
    expect(browser.cookies['sid']).not.toBe(before);
    await age(suite.backend, id, MINUTE_MS);
    expect(await client.ask('increment')).toEqual({ value: { visits: 3 } });
  });

  it('is kept alive by messages where HTTP does not, and leaves its uses to HTTP else', async () => {
    const { browser, client } = await suite.visitor({ idleTimeout: '30m' });
    const id = idIn(browser);
    await age(suite.backend, id, 10 * MINUTE_MS);
    suite.forget();
    await client.ask('read');
    expect(suite.backend.writes).toEqual([]);
    await age(suite.backend, id, 6 * MINUTE_MS);
    suite.forget();
    await client.ask('read');
    await client.ask('read');
    expect(suite.backend.writes).toEqual(['touch']);
  });
});

describe.each(CELLS.filter(([platform]) => platform !== 'ws'))(
  'socket.io itself, over %s, on %s',
  (platform, adapter) => {
    const suite = new GatewaySuite(platform, adapter);

    /** The server, with `SessionMiddleware` as express-session's users have theirs. */
    const withMiddleware = async () => {
      const browser = await suite.start();
      const server = suite.app.app.get(TestGateway).server as unknown as Server;
      server.engine.use(suite.app.app.get(SessionMiddleware).use);
      await browser.post('/visits');
      return { browser, server };
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

    it('lets strangers in behind it', async () => {
      await withMiddleware();
      const client = await suite.connect();
      expect(await client.ask('read')).toEqual({ value: { isNew: true } });
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
      await expect(connect(platform, suite.app.url, {})).rejects.toThrow('no visits');
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
