import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryBackend, type SessionModuleOptions } from 'nestjs-server-session';
import { tokenIn } from '../support/ageing.js';
import { ADAPTERS, TestApp } from '../support/app.js';
import type { Browser } from '../support/browser.js';
import { GatedBackend } from '../support/gated-backend.js';
import { gates, LateController, renewGates } from '../support/late-controller.js';
import { RawRequest } from '../support/raw-client.js';

const WARNING = /Session \S+ changed after the head .* cookie could not be sent/;

describe.each(ADAPTERS)('after the head, on %s', (adapter) => {
  let backend: GatedBackend;
  let app: TestApp;
  let browser: Browser;

  async function start(session: Partial<SessionModuleOptions> = {}) {
    backend = new GatedBackend(new MemoryBackend());
    app = await TestApp.start({
      adapter,
      session: { backend, ...session },
      controllers: [LateController],
    });
    browser = app.browser();
  }
  beforeEach(renewGates);
  afterEach(() => app.stop());

  /** A request whose first bytes have come, and whose handler waits. */
  async function begin(path: string, from: Browser = browser) {
    const request = await send(path, from);
    await gates.first.reached;
    while (!request.received.includes('first')) await sleep(2);
    expect(request.received).toMatch(/^HTTP\/1.1 200/);
    return request;
  }
  function send(path: string, from: Browser = browser) {
    const { sid } = from.cookies;
    const cookie = sid === undefined ? undefined : `sid=${encodeURIComponent(sid)}`;
    return RawRequest.send(app.url, 'GET', path, { ...(cookie && { cookie }) });
  }
  async function finish(request: RawRequest) {
    gates.first.open();
    gates.last.open();
    return request.answer();
  }
  /** Waits until something has been written, which the client can't see. */
  async function written(method: string) {
    while (!(backend.writes as string[]).includes(method)) await sleep(2);
    await sleep(2);
  }
  const stored = async () => (await browser.get('/session')).json();
  async function warned() {
    while (warnings().length === 0) await sleep(2);
  }
  const warnings = () => app.logs.lines.filter((line) => WARNING.test(line));

  it.each([
    ['set', { visits: 7, cart: { items: [] } }],
    ['nested', { cart: { items: [{ sku: 'late', count: 1 }] } }],
    ['save', { visits: 7, cart: { items: [] } }],
  ])(
    'a stream that changes its session (%s) between two chunks: it is saved',
    async (change, data) => {
      await start();
      await browser.post('/cart');
      const answer = await finish(await begin(`/raw/${change}`));
      expect(answer.body).toMatch(/first .*second/s);
      expect(answer.setCookies).toEqual([]);
      await written('update');
      expect(await stored()).toEqual(data);
      expect(warnings()).toEqual([]);
    },
  );

  it('the change is saved at the end of the response, not before', async () => {
    await start({ load: 'lazy' });
    await browser.post('/cart');
    const request = await begin('/raw/set');
    gates.first.open();
    await gates.last.reached;
    expect(backend.writes).toEqual(['create']);
    gates.last.open();
    await request.answer();
    await written('update');
    expect(await stored()).toMatchObject({ visits: 7 });
  });

  it('SSE that changes its session between two events: it is saved when the client goes', async () => {
    await start();
    await browser.post('/cart');
    const request = await begin('/sse/set');
    gates.first.open();
    while (!request.received.includes('second')) await sleep(2);
    request.abort();
    await written('update');
    expect(request.received).not.toMatch(/set-cookie/i);
    expect(await stored()).toMatchObject({ visits: 7 });
    expect(warnings()).toEqual([]);
  });

  it.each(['lazy', 'eager'] as const)(
    'a stream that only read its session writes nothing at its end (%s)',
    async (load) => {
      await start({ load });
      await browser.post('/cart');
      await finish(await begin('/raw/nothing'));
      expect(await stored()).toEqual({ cart: { items: [] } });
      expect(backend.writes).toEqual(['create']);
    },
  );

  it('a stream that ends its session late: it is dead, whatever the client still holds', async () => {
    await start();
    await browser.post('/cart');
    const answer = await finish(await begin('/raw/destroy'));
    expect(answer.setCookies).toEqual([]);
    expect(await stored()).toEqual({});
  });

  it('a stream whose session was ended by somebody else does not bring it back', async () => {
    await start({ load: 'lazy' });
    await browser.post('/cart');
    const request = await begin('/raw/set');
    await backend.delete((await browser.copy().post('/cart')).json<{ id: string }>().id);
    await finish(request);
    await written('update');
    expect(await stored()).toEqual({});
  });

  it.each([
    ['a stream', '/raw/set', 'lazy', 'second'],
    ['a stream', '/raw/save', 'eager', 'second (SessionTokenError)'],
    ['SSE', '/sse/set', 'lazy', 'second'],
    ['SSE', '/sse/set', 'eager', 'second'],
  ] as const)(
    '%s whose session first gets data after the head (%s, %s): nothing is stored, and a warning says so',
    async (_kind, path, load, last) => {
      await start({ load });
      const request = await begin(path);
      gates.first.open();
      gates.last.open();
      while (!request.received.includes(last)) await sleep(2);
      if (path.startsWith('/sse')) request.abort();
      await request.answer();
      const said = () => app.logs.lines.filter((line) => /could not be saved after/.test(line));
      while (said().length === 0) await sleep(2);
      expect(backend.writes).toEqual([]);
      expect(request.received).not.toMatch(/set-cookie/i);
      expect(said()).toEqual([expect.stringMatching(/SessionTokenError: .*first byte/)]);
    },
  );

  it('a new token that is asked for after the head is refused, and the old one is as it was', async () => {
    await start({ load: 'lazy' });
    await browser.post('/cart');
    const answer = await finish(await begin('/raw/regenerate-and-set'));
    expect(answer.body).toMatch(/second \(SessionTokenError\)/);
    expect(await stored()).toEqual({ cart: { items: [] } });
    expect(backend.writes).toEqual(['create']);
  });

  it('a cookie that could not be cleared is warned of by the session’s id, and no log shows a token', async () => {
    await start({ load: 'lazy' });
    const { id } = (await browser.post('/cart')).json<{ id: string }>();
    const token = tokenIn(browser.cookies['sid']!);
    expect(token).toMatch(new RegExp(`^${id}[\\w-]{43}$`));
    await finish(await begin('/raw/destroy'));
    await warned();
    expect(warnings()).toEqual([expect.stringMatching(new RegExp(`Session ${id} changed`))]);
    expect(app.logs.lines.join(' ')).not.toContain(token.slice(id.length));
  });

  it('a client that goes away in the middle has its change saved, a first one too', async () => {
    await start();
    await browser.post('/cart');
    const request = await send('/slow/set');
    await gates.first.reached;
    request.abort();
    await request.answer();
    gates.first.open();
    await written('update');
    expect(await stored()).toMatchObject({ visits: 7 });
    renewGates();
    const stranger = await send('/slow/set', app.browser());
    await gates.first.reached;
    stranger.abort();
    gates.first.open();
    await written('create');
    expect(backend.writes.filter((method) => method === 'create')).toHaveLength(2);
  });

  it('a change that can’t be saved after the head is logged, and the stream ends as it would', async () => {
    await start({ load: 'lazy' });
    await browser.post('/cart');
    const request = await begin('/raw/set');
    backend.beforeWrite = () => Promise.reject(new Error('disk full'));
    const answer = await finish(request);
    expect(answer.body).toMatch(/first .*second/s);
    await written('update');
    backend.beforeWrite = async () => {};
    const line = app.logs.lines.find((text) => /could not be saved after its response/.test(text));
    expect(line).toMatch(/disk full/);
    expect(await stored()).toEqual({ cart: { items: [] } });
  });
});
