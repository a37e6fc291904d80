import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestApp } from '../support/app.js';
import { startBackend, type TestBackend } from '../support/backends.js';
import { Gate, GatedBackend } from '../support/gated-backend.js';
import { CELLS } from '../support/matrix.js';
import { START_MS } from '../support/shared-servers.js';
import { RawRequest } from '../support/raw-client.js';
import { KINDS, KindsController, prepareKinds } from '../support/response-kinds.js';

/** Long enough for a byte that should not come to come. */
const A_WHILE_MS = 15;

describe.each(CELLS)(
  'saved before answered, with $name on $adapter, by $transport',
  ({ name, adapter, transport }) => {
    const varied = transport === 'cookie' ? /^vary: .*cookie/im : /^vary: .*authorization/im;
    let inner: TestBackend;
    let backend: GatedBackend;
    let app: TestApp;
    const send = (path: string, method = 'GET', headers = {}) =>
      RawRequest.send(app.url, method, path, headers);

    beforeAll(async () => {
      inner = await startBackend(name);
      backend = new GatedBackend(inner.backend);
      app = await TestApp.start({
        adapter,
        transport,
        session: { backend },
        controllers: [KindsController],
        prepare: prepareKinds(adapter),
      });
    }, START_MS);
    beforeEach(() => {
      backend.beforeWrite = async () => {};
      backend.writes.length = 0;
    });
    afterAll(async () => {
      await app.stop();
      await inner.stop();
    });

    async function sendHeld(path: string, method = 'GET') {
      const gate = new Gate();
      backend.beforeWrite = () => gate.pass();
      const request = await send(path, method);
      await gate.reached;
      await sleep(A_WHILE_MS);
      expect(request.received).toBe('');
      gate.open();
      return request;
    }

    it.each(Object.entries(KINDS))(
      '%s: not a byte before the session is saved',
      async (path, { status, body }) => {
        const answer = await (await sendHeld(`/${path}`)).answer();
        expect(answer.status).toBe(status);
        expect(toldBy(answer)).toEqual([transport]);
        expect(answer.head).toMatch(/cache-control: no-store/i);
        expect(answer.head).toMatch(varied);
        expect(backend.changes).toEqual(['create']);
        expectBody(answer, body);
      },
    );

    it.each(Object.entries(KINDS))(
      '%s: a whole 503 and nothing else where saving fails',
      async (path) => {
        backend.beforeWrite = () => Promise.reject(new Error('disk full'));
        const answer = await (await send(`/${path}`)).answer();
        expect(answer.status).toBe(503);
        expect(toldBy(answer)).toEqual([]);
        expect(JSON.parse(answer.body)).toEqual({
          statusCode: 503,
          message: 'Service Unavailable',
        });
        expect(answer.head).toContain(`ength: ${answer.body.length}`);
        expect(answer.head).not.toMatch(/^(location|content-encoding):/im);
      },
    );

    it.each(['value', 'file', 'render', 'guard', 'error', 'nowhere'])(
      'HEAD %s: not a byte before the session is saved',
      async (path) => {
        const answer = await (await sendHeld(`/${path}`, 'HEAD')).answer();
        expect(answer.status).toBe(KINDS[path]!.status);
        expect(toldBy(answer)).toEqual([transport]);
        expect(answer.body).toBe('');
      },
    );

    it('SSE: the token is in its head, one write, and the first event comes at once', async () => {
      const request = await sendHeld('/sse');
      while (!request.received.includes('data: first')) await sleep(5);
      expect(toldBy({ head: request.received })).toEqual([transport]);
      expect(request.received).toMatch(/^content-type: text\/event-stream/im);
      expect(backend.changes).toEqual(['create']);
      request.abort();
    });

    it('SSE: a whole 503 where saving fails', async () => {
      backend.beforeWrite = () => Promise.reject(new Error('disk full'));
      const answer = await (await send('/sse')).answer();
      expect(answer.status).toBe(503);
      expect(toldBy(answer)).toEqual([]);
      expect(JSON.parse(answer.body)).toMatchObject({ statusCode: 503 });
    });

    it('a client that went away has its write saved', async () => {
      const gate = new Gate();
      backend.beforeWrite = () => gate.pass();
      const request = await send('/value');
      await gate.reached;
      request.abort();
      gate.open();
      await sleep(A_WHILE_MS);
      expect(backend.changes).toEqual(['create']);
    });

    it('other cookies and Vary survive', async () => {
      const answer = await (await send('/raw-list')).answer();
      const ours = transport === 'cookie' ? [expect.stringMatching(/^sid=/)] : [];
      expect(answer.setCookies).toEqual(['a=1', 'b=2', ...ours]);
      expect(answer.head).toMatch(/vary: Origin, (Cookie|Authorization)\r/i);
    });
  },
);

/** By which transports a head tells of a token. */
function toldBy({ head }: { head: string }): string[] {
  return [
    ...[...head.matchAll(/^set-cookie: sid=./gim)].map(() => 'cookie'),
    ...[...head.matchAll(/^session-token: ./gim)].map(() => 'bearer'),
  ];
}

function expectBody(answer: { head: string; body: string }, body: string | RegExp | number): void {
  const isChunked = /transfer-encoding: chunked/i.test(answer.head);
  if (typeof body === 'number') {
    if (isChunked) return expect(answer.body.length).toBeGreaterThan(body);
    expect(answer.head).toMatch(new RegExp(`content-length: ${body}`, 'i'));
    return expect(answer.body.length).toBe(body);
  }
  const text = isChunked ? answer.body.replaceAll(/^[0-9a-f]+\r\n|\r\n/gim, '') : answer.body;
  expect(text).toEqual(typeof body === 'string' ? body : expect.stringMatching(body));
}
