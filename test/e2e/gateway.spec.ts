import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MemoryBackend } from 'nestjs-server-session';
import { CELLS, GatewaySuite, visitsOf } from '../support/gateway-suite.js';
import { script } from '../support/gateway.js';
import { Gate, GatedBackend } from '../support/gated-backend.js';
import { forged } from '../support/browser.js';
import { until } from '../support/until.js';

describe.each(CELLS)('sessions in a gateway over %s, on %s', (platform, adapter) => {
  const suite = new GatewaySuite(platform, adapter);

  describe.each(['eager', 'lazy'] as const)('with load %s', (load) => {
    it('gives handlers the session as it is stored when a message comes', async () => {
      const { browser, client } = await suite.visitor({ load });
      expect(await client.ask('read')).toEqual({ value: { visits: 1, isNew: false } });
      await browser.post('/visits');
      expect(await client.ask('read')).toEqual({ value: { visits: 2, isNew: false } });
      expect(await client.ask('key')).toEqual({ value: { visits: 2 } });
    });

    it('answers after what a handler has changed is stored, and not before', async () => {
      const { browser, client } = await suite.visitor({ load });
      const gate = new Gate();
      suite.backend.beforeWrite = () => gate.pass();
      const asked = client.ask('increment');
      await gate.reached;
      expect(await Promise.race([asked, client.ask('plain', { n: 1 })])).toEqual({
        value: { body: { n: 1 } },
      });
      expect(client.replies).toHaveLength(1);
      gate.open();
      await until('the answer', () => client.replies.length === 2);
      expect(client.replies[1]).toEqual({ value: { visits: 2 } });
      expect(await visitsOf(browser)).toBe(2);
    });

    it('tells the client of a commit that failed, instead of a success', async () => {
      const { browser, client } = await suite.visitor({ load });
      suite.backend.beforeWrite = () => Promise.reject(new Error('disk full'));
      const { exception } = await client.ask('increment');
      expect(exception).toMatchObject({ status: 'error', message: 'Service Unavailable' });
      suite.backend.beforeWrite = async () => {};
      expect(await visitsOf(browser)).toBe(1);
      expect(client.replies).toHaveLength(1);
    });

    it('shows exception filters a WsException with the cause', async () => {
      const { client } = await suite.visitor({ load });
      suite.backend.beforeWrite = () => Promise.reject(new Error('disk full'));
      await client.ask('filtered');
      const [exception] = script.seen.slice(-1) as Error[];
      expect(exception!.constructor.name).toBe('WsException');
      expect(exception!.cause).toMatchObject({ name: 'SessionBackendError' });
    });
  });

  it('reads once for guard and handler, and nothing where nobody asks', async () => {
    const { browser } = await suite.visitor();
    await browser.post('/sign-in');
    suite.forget();
    const client = await suite.connect(browser.cookies);
    await client.ask('plain', {});
    expect([suite.backend.reads, suite.backend.writes]).toEqual([0, []]);
    expect(await client.ask('guarded')).toEqual({ value: { userId: 'ann' } });
    const [ofGuard, ofHandler] = script.seen.slice(-2);
    expect(ofGuard).toBe(ofHandler);
    expect([suite.backend.reads, suite.backend.writes]).toEqual([1, ['update']]);
  });

  it('finds what a request has left for the next, and leaves it there', async () => {
    const { browser, client } = await suite.visitor();
    await browser.post('/leave');
    for (let i = 0; i < 2; i++) {
      expect(await client.ask('flash')).toEqual({ value: { flash: ['left'] } });
    }
    expect((await browser.get('/flash')).json()).toEqual({ flash: ['left'] });
    expect(await client.ask('flash')).toEqual({ value: {} });
  });

  it('leaves it there though the first message comes before all else, or handleConnection asks', async () => {
    const browser = await suite.start();
    await browser.post('/visits');
    await browser.post('/leave');
    suite.backend.beforeRead = () => sleep(20);
    script.onConnection = async (client, sessions) => (await sessions.of(client)).visits;
    const client = await suite.connect(browser.cookies);
    expect(await client.ask('flash')).toEqual({ value: { flash: ['left'] } });
    suite.backend.beforeRead = async () => {};
    expect((await browser.get('/flash')).json()).toEqual({ flash: ['left'] });
  });

  it('stores what a guard changed that refuses', async () => {
    const { browser, client } = await suite.visitor();
    const { exception } = await client.ask('guarded');
    expect(exception).toMatchObject({ message: 'Forbidden resource' });
    await until('the change of the guard', () => suite.backend.writes.length === 1);
    expect((await browser.get('/visits')).json()).toEqual({ visits: 1, field1: 1 });
  });

  it('tells the client that the backend can not be read, in a handler and in a guard', async () => {
    const { client } = await suite.visitor();
    suite.backend.beforeRead = () => Promise.reject(new Error('no'));
    expect(await client.ask('read')).toMatchObject({
      exception: { message: 'Service Unavailable' },
    });
    expect(await client.ask('guarded')).toMatchObject({ exception: { status: 'error' } });
    expect(await client.ask('plain', { n: 2 })).toEqual({ value: { body: { n: 2 } } });
  });

  it('stores before each answer of an observable', async () => {
    const { browser, client } = await suite.visitor();
    const gates = [new Gate(), new Gate(), new Gate()];
    script.steps = gates.map(() => new Gate());
    suite.backend.beforeWrite = () => gates[suite.backend.writes.length - 1]!.pass();
    const first = client.ask('stream');
    for (const [index, gate] of gates.entries()) {
      script.steps[index]!.open();
      await gate.reached;
      void client.ask('plain', {});
      await until('the answer of another', () => client.replies.length === 2 * index + 1);
      gate.open();
      await until('the answer', () => client.replies.length === 2 * index + 2);
    }
    await first;
    const answers = client.replies.filter((_, index) => index % 2 === 1);
    expect(answers).toEqual(
      [11, 12, 13].map((visits) => ({ value: { event: 'counted', data: { visits } } })),
    );
    expect(await visitsOf(browser)).toBe(13);
  });

  it('stores what a handler changed that throws, before the client hears of it', async () => {
    const { browser, client } = await suite.visitor();
    expect(await client.ask('throw')).toMatchObject({
      exception: { message: 'Internal server error' },
    });
    expect(suite.backend.writes).toEqual(['update']);
    expect(await visitsOf(browser)).toBe(50);
  });

  it('leaves exception filters the error of a handler as it is', async () => {
    const { client } = await suite.visitor();
    await client.ask('refuse');
    const [exception] = script.seen.slice(-1) as Error[];
    expect(exception).toMatchObject({ name: 'UnauthorizedException', message: 'of the handler' });
  });

  it('says of a value that can not be stored what is wrong with it, in the log alone', async () => {
    const { client } = await suite.visitor();
    expect(await client.ask('bad value')).toMatchObject({
      exception: { message: 'Internal server error' },
    });
    expect(suite.app.logs.lines.join('\n')).toContain("session.anything can't be saved");
  });

  it.each([
    ['regenerate', {}],
    ['sign in', {}],
    ['sign out', ['visits']],
  ])('gives no new token (%s), and changes nothing', async (event, data) => {
    const { browser, client } = await suite.visitor();
    const { exception } = await client.ask(event, data);
    expect(exception!.message).toMatch(/over HTTP/);
    expect(suite.backend.writes).toEqual([]);
    expect(await visitsOf(browser)).toBe(1);
  });

  it('signs out where nothing is kept', async () => {
    const { browser, client } = await suite.visitor();
    expect(await client.ask('sign out', ['field1'])).toEqual({ value: {} });
    expect(suite.backend.writes).toEqual(['end']);
    expect(await visitsOf(browser)).toBeUndefined();
  });

  it.each([
    ['no cookie', () => ({})],
    ['a forged one', (sid: string) => ({ sid: forged(sid) })],
    ['rubbish', () => ({ sid: 's:%E0%A4%A' })],
  ])('gives an empty session that can not be written for %s', async (_what, cookies) => {
    const { browser } = await suite.visitor();
    const client = await suite.connect(cookies(browser.cookies['sid']!));
    expect(await client.ask('read')).toEqual({ value: { isNew: true } });
    for (const event of ['increment', 'save', 'regenerate']) {
      const { exception } = await client.ask(event);
      expect(exception!.message).toMatch(/handshake of its socket brought no session.*over HTTP/);
    }
    expect(suite.backend.writes).toEqual([]);
    expect(suite.backend.reads).toBe(0);
  });

  it('leaves a session dead that ends while a message is under way, and its socket goes on', async () => {
    suite.backend = new GatedBackend(new MemoryBackend(), false);
    const { browser, client } = await suite.visitor();
    const asked = client.ask('slow');
    await script.gate.reached;
    await browser.post('/sign-out');
    script.gate.open();
    expect((await asked).exception!.message).toBe('The session has ended. Connect again.');
    expect((await client.ask('increment')).exception!.message).toMatch(/ended/);
    expect(await client.ask('read')).toEqual({ value: { isNew: true } });
    expect(await visitsOf(browser)).toBeUndefined();
  });

  it('ends a session, over HTTP too', async () => {
    const { browser, client } = await suite.visitor();
    const { sid } = browser.cookies;
    expect(await client.ask('destroy')).toEqual({ value: {} });
    expect(suite.backend.writes).toEqual(['end']);
    browser.cookies['sid'] = sid!;
    expect(await visitsOf(browser)).toBeUndefined();
  });

  it('gives a socket of before a sign-in nothing of what came after, where it goes on', async () => {
    suite.backend = new GatedBackend(new MemoryBackend(), false);
    const { browser, client } = await suite.visitor();
    await client.ask('read');
    await browser.post('/sign-in');
    expect(await client.ask('guarded')).toMatchObject({
      exception: { message: 'Forbidden resource' },
    });
    expect((await client.ask('increment')).exception!.message).toMatch(/ended/);
    expect(await visitsOf(browser)).toBe(1);
    const again = await suite.connect(browser.cookies);
    expect(await again.ask('increment')).toEqual({ value: { visits: 2 } });
  });

  it('has the session in `current`', async () => {
    const { client } = await suite.visitor({ current: true });
    expect(await client.ask('current')).toEqual({ value: { isSame: true } });
  });
});
