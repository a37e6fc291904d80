import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { MemoryBackend, type Session, SessionMiddleware } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { exchange, head, parseAnswer } from '../support/connection.js';
import { Gate, GatedBackend } from '../support/gated-backend.js';
import { RawRequest } from '../support/raw-client.js';
import { closed, notes, RawController, SCENARIOS } from '../support/raw-scenarios.js';

/** What a session adds to a head, and how node frames a body, which depends on when it knows its length. */
const NOT_COMPARED =
  /^(vary|cache-control|set-cookie: sid=.*|date|transfer-encoding|content-length)/;

describe.each(ADAPTERS)('a held response, on %s', (adapter) => {
  let backend: GatedBackend;
  let app: TestApp;

  beforeAll(async () => {
    backend = new GatedBackend(new MemoryBackend());
    app = await TestApp.start({
      adapter,
      session: { backend, load: 'lazy' },
      controllers: [RawController],
    });
  });
  beforeEach(() => {
    notes.length = 0;
    backend.writes.length = 0;
    backend.beforeWrite = async () => {};
  });
  afterAll(() => app.stop());

  /** One request, and what its handler went through. */
  async function play(kind: string, method: string, name: string) {
    notes.length = 0;
    const path = `/${kind}/${encodeURIComponent(name)}`;
    const text = await exchange(app.url, head(method, path, 'Connection: close'));
    await closed.current;
    const interim = /^HTTP\/1.1 103[^]*?\r\n\r\n/.exec(text)?.[0] ?? '';
    const answer = parseAnswer(text.slice(interim.length));
    const ours = answer.headers.filter((line) => line.startsWith('set-cookie: sid='));
    const headers = answer.headers.filter((line) => !NOT_COMPARED.test(line));
    return { ours, seen: { ...answer, headers, interim, notes: [...notes] } };
  }

  describe.each(['GET', 'HEAD'])('%s', (method) => {
    const names = Object.keys(SCENARIOS).filter((name) => method === 'GET' || name !== 'trailers');

    it.each(names)('%s: as without a session, for the client and for the handler', async (name) => {
      backend.beforeWrite = () => sleep(5);
      const plain = await play('plain', method, name);
      const held = await play('held', method, name);
      expect(held.seen).toEqual(plain.seen);
      expect(held.ours).toHaveLength(1);
      expect(plain.ours).toEqual([]);
      expect(backend.writes).toEqual(['create']);
    });

    it.each(names)('%s: as without a session where there is nothing to save', async (name) => {
      const plain = await play('plain', method, name);
      const read = await play('read', method, name);
      expect(read.seen).toEqual(plain.seen);
      expect(read.ours).toEqual([]);
    });
  });

  it('a length that the handler gave is kept', async () => {
    const path = `/held/${encodeURIComponent('a Content-Length of its own')}`;
    const text = await exchange(app.url, head('GET', path, 'Connection: close'));
    expect(text).toMatch(/\r\ncontent-length: 5\r\n/i);
    expect(text).not.toMatch(/transfer-encoding/i);
    expect(text.endsWith('\r\n\r\n12345')).toBe(true);
  });

  const failing = ['trailers', 'early hints', '204', 'a pipeline', 'corked writes', 'end twice'];
  it.each([...failing, 'more than is held, waiting for drain'])(
    '%s: a whole 503 where saving fails, and the handler comes to its end',
    async (name) => {
      backend.beforeWrite = async () => {
        await sleep(5);
        throw new Error('disk full');
      };
      const { ours, seen } = await play('held', 'GET', name);
      expect(seen.statusLine).toBe('HTTP/1.1 503 Service Unavailable');
      expect(JSON.parse(seen.body)).toEqual({ statusCode: 503, message: 'Service Unavailable' });
      expect(ours).toEqual([]);
      expect(seen.notes).toContain('close: true');
      if (/pipeline|drain/.test(name)) while (!notes.includes('done')) await sleep(2);
    },
  );

  it('pipelined requests are answered in order, each with its own cookie', async () => {
    const gate = new Gate();
    backend.beforeWrite = async () => {
      if (backend.writes.length === 1) await gate.pass();
    };
    const held = `/held/${encodeURIComponent('write and end with callbacks')}`;
    const plain = `/plain/${encodeURIComponent('one end and nothing else')}`;
    const answers = exchange(
      app.url,
      head('GET', held) + head('GET', plain) + head('GET', held, 'Connection: close'),
    );
    await gate.reached;
    while (backend.writes.length < 2) await sleep(2);
    gate.open();
    const text = await answers;
    const order = [...text.matchAll(/two|short|^set-cookie: sid=\S+/gim)].map(([word]) => word);
    const cookie = expect.stringMatching(/^set-cookie/i);
    expect(order).toEqual([cookie, 'two', 'short', cookie, 'two']);
    expect(order[0]).not.toBe(order[3]);
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
  });

  it('a connection serves on after a held answer and after one that could not be saved', async () => {
    let writes = 0;
    backend.beforeWrite = async () => {
      if (++writes === 2) throw new Error('disk full');
    };
    const held = head('GET', `/held/${encodeURIComponent('one end and nothing else')}`);
    const last = head('GET', `/plain/${encodeURIComponent('an empty end')}`, 'Connection: close');
    const text = await exchange(app.url, held, held, held, last);
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1])).toEqual([
      '200',
      '503',
      '200',
      '200',
    ]);
    expect(text.match(/set-cookie: sid=/gi)).toHaveLength(2);
  });

  it('Expect: 100-continue is answered at once, and the rest when the session is saved', async () => {
    const gate = new Gate();
    backend.beforeWrite = () => gate.pass();
    const path = `/held/${encodeURIComponent('one end and nothing else')}`;
    const headers = ['Content-Type: text/plain', 'Content-Length: 4', 'Expect: 100-continue'];
    const answer = exchange(app.url, head('POST', path, ...headers, 'Connection: close'), 'body');
    await gate.reached;
    gate.open();
    const text = await answer;
    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    expect(text).toMatch(/set-cookie: sid=/i);
    expect(text).toContain('short');
  });

  it.each([true, false])(
    'a client that goes away while its answer is held ends nothing else (saved: %s)',
    async (isSaved) => {
      const gate = new Gate();
      backend.beforeWrite = async () => {
        await gate.pass();
        if (!isSaved) throw new Error('disk full');
      };
      const path = `/held/${encodeURIComponent('write and end with callbacks')}`;
      const request = await RawRequest.send(app.url, 'GET', path);
      await gate.reached;
      request.abort();
      await closed.current;
      gate.open();
      while (!notes.includes('end')) await sleep(2);
      const calls = ['end', 'first write', 'second write'];
      expect(notes.filter((note) => calls.includes(note)).toSorted()).toEqual(calls);
      expect(notes).not.toContain('finish');
      expect((await play('plain', 'GET', 'one end and nothing else')).seen.body).toBe('short');
    },
  );
});

it('a static file of Express leaves when the session that a middleware changed is saved', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sessions-static-'));
  await writeFile(join(folder, 'page.txt'), 'a page '.repeat(10_000));
  const backend = new GatedBackend(new MemoryBackend());
  const app = await TestApp.start({
    adapter: 'express',
    session: { backend },
    prepare: (nest) => {
      nest.use(nest.get(SessionMiddleware).use);
      nest.use((request: { session: Session }, _response: unknown, next: () => void) => {
        request.session.increment('visits');
        next();
      });
      (nest as NestExpressApplication).useStaticAssets(folder);
    },
  });
  const gate = new Gate();
  backend.beforeWrite = () => gate.pass();
  const request = await RawRequest.send(app.url, 'GET', '/page.txt');
  await gate.reached;
  await sleep(15);
  expect(request.received).toBe('');
  gate.open();
  const { status, head: top, body, setCookies } = await request.answer();
  expect([status, body]).toEqual([200, 'a page '.repeat(10_000)]);
  expect(setCookies).toHaveLength(1);
  const headers = { 'If-None-Match': /etag: (.*)/i.exec(top)![1]!, Range: 'bytes=0-5' };
  const unchanged = await RawRequest.send(app.url, 'GET', '/page.txt', headers);
  expect(await unchanged.answer()).toMatchObject({ status: 304, body: '' });
  backend.beforeWrite = () => Promise.reject(new Error('disk full'));
  const part = await RawRequest.send(app.url, 'GET', '/page.txt', { Range: 'bytes=0-5' });
  const failed = await part.answer();
  expect(failed.status).toBe(503);
  expect(JSON.parse(failed.body)).toMatchObject({ statusCode: 503 });
  expect(failed.head).not.toMatch(/content-range|etag|last-modified/i);
  await app.stop();
  await rm(folder, { recursive: true });
});
