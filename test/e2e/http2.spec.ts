import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { MemoryBackend } from 'nestjs-server-session';
import { TestApp } from '../support/app.js';
import { Gate, GatedBackend } from '../support/gated-backend.js';
import { gates, LateController, renewGates } from '../support/late-controller.js';
import { KINDS, KindsController } from '../support/response-kinds.js';

/** What needs more than the routes, and SSE, which has no end. */
const NOT_HERE = ['render', 'middleware', 'nowhere', 'sse'];
const kinds = Object.entries(KINDS).filter(([path]) => !NOT_HERE.includes(path));

describe('HTTP/2, on fastify', () => {
  let backend: GatedBackend;
  let app: TestApp;
  let client: ClientHttp2Session;

  beforeAll(async () => {
    backend = new GatedBackend(new MemoryBackend());
    app = await TestApp.start({
      adapter: new FastifyAdapter({ http2: true } as object),
      session: { backend },
      controllers: [KindsController, LateController],
    });
    client = connect(app.url);
    await once(client, 'connect');
  });
  beforeEach(() => {
    renewGates();
    backend.beforeWrite = async () => {};
    backend.writes.length = 0;
  });
  afterAll(async () => {
    client.destroy();
    await app.stop();
  });

  function open(path: string, cookie = '', method = 'GET') {
    const headers = { ':path': path, ':method': method, ...(cookie && { cookie }) };
    return client.request(headers, { endStream: true });
  }
  async function request(path: string, cookie = '', method = 'GET') {
    const stream = open(path, cookie, method);
    const head = once(stream, 'response');
    const body = await text(stream);
    const [headers] = (await head) as [IncomingHttpHeaders & { ':status': number }];
    const setCookies = headers['set-cookie'] ?? [];
    return { status: headers[':status'], headers, body, setCookies, cookie: pair(setCookies) };
  }
  function pair(setCookies: string[]): string {
    return setCookies.find((line) => line.startsWith('sid='))?.split(';')[0] ?? '';
  }

  it('a session lasts from request to request', async () => {
    const { cookie } = await request('/value');
    const shown = await request('/session', cookie);
    expect(JSON.parse(shown.body)).toEqual({ visits: 1 });
    expect(shown.setCookies).toEqual([]);
    expect(JSON.parse((await request('/session')).body)).toEqual({});
  });

  it.each(kinds)(
    '%s: no frame of the answer before the session is saved',
    async (path, { status }) => {
      const gate = new Gate();
      backend.beforeWrite = () => gate.pass();
      const stream = open(`/${path}`);
      let isAnswered = false;
      stream.once('response', () => (isAnswered = true));
      const head = once(stream, 'response');
      const body = text(stream);
      await gate.reached;
      await sleep(10);
      expect(isAnswered).toBe(false);
      gate.open();
      const [headers] = (await head) as [IncomingHttpHeaders];
      expect(headers).toMatchObject({ ':status': status, 'cache-control': 'no-store' });
      expect(pair(headers['set-cookie']!)).toMatch(/^sid=/);
      expect(headers.vary).toMatch(/Cookie/);
      const expected = KINDS[path]!.body;
      if (typeof expected === 'number') expect((await body).length).toBe(expected);
      else expect(await body).toMatch(expected);
    },
  );

  it.each(kinds)('%s: a whole 503 and no cookie where saving fails', async (path) => {
    backend.beforeWrite = () => Promise.reject(new Error('disk full'));
    const answer = await request(`/${path}`);
    expect(answer.status).toBe(503);
    expect(answer.setCookies).toEqual([]);
    expect(JSON.parse(answer.body)).toMatchObject({ statusCode: 503 });
    expect(answer.headers['content-length']).toBe(`${answer.body.length}`);
  });

  it('SSE: the cookie is in its head, and the first event comes once the session is saved', async () => {
    const gate = new Gate();
    backend.beforeWrite = () => gate.pass();
    const stream = open('/sse');
    const head = once(stream, 'response');
    let received = '';
    stream.setEncoding('utf8').on('data', (data: string) => (received += data));
    await gate.reached;
    await sleep(10);
    expect(received).toBe('');
    gate.open();
    const [headers] = (await head) as [IncomingHttpHeaders];
    expect(pair(headers['set-cookie']!)).toMatch(/^sid=/);
    while (!received.includes('data: first')) await sleep(2);
    stream.close(constants.NGHTTP2_CANCEL);
    await once(stream, 'close');
  });

  it('a held answer holds no other stream of its connection', async () => {
    const gate = new Gate();
    backend.beforeWrite = () => gate.pass();
    const held = request('/value');
    await gate.reached;
    expect((await request('/session')).body).toBe('{}');
    gate.open();
    expect((await held).cookie).toMatch(/^sid=/);
  });

  it('a change after the head is saved at the end of the stream', async () => {
    const { cookie } = await request('/cart', '', 'POST');
    const late = request('/raw/set', cookie);
    await gates.first.reached;
    gates.first.open();
    gates.last.open();
    expect(await late).toMatchObject({ status: 200, body: 'first second', setCookies: [] });
    while (!backend.writes.includes('update')) await sleep(2);
    expect(JSON.parse((await request('/session', cookie)).body)).toMatchObject({ visits: 7 });
  });

  it('a client that resets its stream while the answer is held has its change saved', async () => {
    const { cookie } = await request('/cart', '', 'POST');
    const gate = new Gate();
    backend.beforeWrite = () => gate.pass();
    const stream = open('/value', cookie);
    await gate.reached;
    stream.close(constants.NGHTTP2_CANCEL);
    await once(stream, 'close');
    gate.open();
    while ((await request('/session', cookie)).body !== '{"cart":{"items":[]},"visits":1}') {
      await sleep(2);
    }
    expect(backend.writes).toEqual(['create', 'update']);
  });
});
