import { describe, expect, it } from 'vitest';
import type { SessionService } from 'nestjs-server-session';
import { age, idIn } from '../support/ageing.js';
import { CELLS, GatewaySuite, visitsOf } from '../support/gateway-suite.js';
import { script } from '../support/gateway.js';
import { until } from '../support/until.js';

const MINUTE_MS = 60_000;

const onConnection = (hook: typeof script.onConnection) => (script.onConnection = hook);

describe.each(CELLS)('the session of a socket over %s, on %s', (platform, adapter) => {
  const suite = new GatewaySuite(platform, adapter);

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
