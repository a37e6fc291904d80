import { describe, expect, it } from 'vitest';
import { age, idIn } from '../support/ageing.js';
import { CELLS, GatewaySuite, visitsOf } from '../support/gateway-suite.js';
import {
  ChatGateway,
  CounterGateway,
  gatewayOn,
  NewsGateway,
  OtherGateway,
  PathGateway,
  ScopedGateway,
} from '../support/gateway-kinds.js';
import { NEST_MAJOR } from '../support/nest-major.js';
import { freePort } from '../support/redis-server.js';
import { until } from '../support/until.js';

const MINUTE_MS = 60_000;

describe.each(CELLS)('over %s, on %s, there are sessions', (platform, adapter) => {
  const suite = new GatewaySuite(platform, adapter);
  const costs = () => [suite.backend.reads, suite.backend.writes];

  it('in a gateway with a path', async () => {
    const { browser, client } = await suite.visitor({}, [PathGateway], { path: '/live' });
    expect(await client.ask('increment')).toEqual({ value: { visits: 2 } });
    expect(costs()).toEqual([1, ['update']]);
    expect(await visitsOf(browser)).toBe(2);
  });

  it('in a gateway on a port of its own', async () => {
    const port = await freePort();
    const place = { url: `http://127.0.0.1:${port}` };
    const { browser, client } = await suite.visitor({}, [gatewayOn(port)], place);
    expect(await client.ask('increment')).toEqual({ value: { visits: 2 } });
    expect(costs()).toEqual([1, ['update']]);
    expect(await visitsOf(browser)).toBe(2);
    const stranger = await suite.connect({}, place);
    expect(await stranger.ask('read')).toEqual({ value: {} });
  });

  it('in several gateways on one server, each of whose handlers has its own', async () => {
    const { browser, client } = await suite.visitor({}, [CounterGateway, OtherGateway]);
    expect(await client.ask('other')).toEqual({ value: { field1: 1 } });
    expect(costs()).toEqual([1, ['update']]);
    suite.forget();
    expect(await client.ask('increment')).toEqual({ value: { visits: 2 } });
    const stored = async () => (await browser.get('/visits')).json();
    await until('the change of the other', async () => (await stored())['field2'] === 1);
    expect(await stored()).toEqual({ visits: 2, field1: 1, field2: 1 });
  });

  // Nest 11 has none.
  if (NEST_MAJOR > 11) {
    it('in a gateway that is scoped to its requests', async () => {
      const { browser, client } = await suite.visitor({}, [ScopedGateway]);
      expect(await client.ask('increment')).toEqual({ value: { visits: 2 } });
      expect(costs()).toEqual([1, ['update']]);
      // What is injected is the client: its session is apart from the message's.
      expect(await client.ask('scoped')).toEqual({ value: { isSame: false, ids: true } });
      expect(await client.ask('throw')).toMatchObject({
        exception: { message: 'Internal server error' },
      });
      expect(await visitsOf(browser)).toBe(50);
    });
  }

  it('by a bearer token', async () => {
    await suite.start({ transports: ['cookie', 'bearer'] }, [CounterGateway]);
    const { id, token } = await suite.sessions.issue('ada', { data: { visits: 1 } });
    const headers = { authorization: `Bearer ${token}` };
    const client = await suite.connect({}, { headers });
    expect(await client.ask('increment')).toEqual({ value: { visits: 2 } });
    expect((await suite.sessions.get(id))?.data).toEqual({ visits: 2 });
  });

  it('in requests beside it, loaded before their handlers', async () => {
    const { browser } = await suite.visitor({}, [CounterGateway]);
    expect((await browser.get('/shown')).json()).toEqual({ visits: 1 });
  });

  it('in handlers that decorate nothing, which get what they would without', async () => {
    const { client } = await suite.visitor({}, [CounterGateway]);
    expect(await client.ask('bare', { n: 1 })).toEqual({
      value: { data: { n: 1 }, isClient: true },
    });
    expect(costs()).toEqual([0, []]);
  });
});

describe.each(CELLS.filter(([platform]) => platform !== 'ws'))(
  'over %s, on %s, namespaces',
  (platform, adapter) => {
    const suite = new GatewaySuite(platform, adapter);
    const gateways = [ChatGateway, NewsGateway];

    it('have the session of the connection, and rooms are as ever', async () => {
      const { browser, client } = await suite.visitor({}, gateways, { namespace: '/chat' });
      const news = await suite.connect(browser.cookies, { namespace: '/news' });
      expect(await client.ask('increment')).toEqual({ value: { visits: 2 } });
      expect(await news.ask('increment')).toEqual({ value: { visits: 3 } });
      expect(await client.ask('join')).toEqual({ value: { visits: 3 } });
      expect(await client.ask('say', 'hello')).toEqual({
        value: { event: 'said', data: { text: 'hello' } },
      });
      expect((await browser.get('/visits')).json()).toEqual({ visits: 3, field1: 1 });
    });
  },
);

describe.each(['express', 'fastify'] as const)('namespaces of one connection, on %s', (adapter) => {
  const suite = new GatewaySuite('socket.io', adapter);

  it('have one handshake: one that is joined after a renewal has the session too', async () => {
    const browser = await suite.start({ renewInterval: '10m' }, [ChatGateway, NewsGateway]);
    await browser.post('/visits');
    suite.forget();
    const chat = await suite.connect(browser.cookies, { namespace: '/chat' });
    const id = idIn(browser);
    await age(suite.backend, id, 11 * MINUTE_MS);
    await browser.get('/visits');
    await age(suite.backend, id, MINUTE_MS);
    const news = await chat.join('/news');
    expect(await news.ask('increment')).toEqual({ value: { visits: 2 } });
  });
});
