import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Controller, type INestApplication, Post } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryBackend, Session, SessionMiddleware } from 'nestjs-server-session';
import { ADAPTERS, type AdapterName, TestApp } from '../../support/app.js';
import { importRecipe } from '../../support/examples.js';
import { GatedBackend } from '../../support/gated-backend.js';

const { useReports } = await importRecipe<{
  useReports: (app: INestApplication, target: string) => void;
}>('function useReports');

@Controller()
class VisitController {
  @Post('visit')
  visit(@Session() session: Session) {
    session.increment('visits');
  }
}

/** Another server, that tells what it got and sets cookies of its own. */
let upstream: Server;
let target: string;
let received: { url: string; headers: IncomingHttpHeaders; body: string };
beforeAll(async () => {
  upstream = createServer(async (request, response) => {
    received = { url: request.url!, headers: request.headers, body: await text(request) };
    response.setHeader('Set-Cookie', ['theirs=2; Path=/', 'sid=of-somebody-else; Path=/']);
    response.end('x'.repeat(200_000));
  }).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  target = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
});
afterAll(() => {
  upstream.close();
});

describe.each(ADAPTERS)('http-proxy-middleware, on %s', (adapter: AdapterName) => {
  let backend: GatedBackend;
  let app: TestApp;
  beforeEach(() => {
    backend = new GatedBackend(new MemoryBackend());
  });
  afterEach(() => app.stop());

  const start = async (prepare: (nest: INestApplication) => void) => {
    app = await TestApp.start({
      adapter,
      session: { backend },
      controllers: [VisitController],
      prepare: (nest) => {
        prepare(nest);
        useReports(nest, target);
      },
    });
    const browser = app.browser();
    await browser.post('/visit');
    backend.reads = backend.writes.length = 0;
    return browser;
  };

  it('by the recipe: other cookies and bodies pass, tokens do not, and no backend is asked', async () => {
    const browser = await start(() => {});
    const { token } = browser;
    await browser.post('/reports/1?q=1');
    expect(received.headers.cookie).toBeUndefined();
    const body = JSON.stringify({ text: 'x'.repeat(100_000) });
    const headers = { 'content-type': 'application/json' };
    const answer = await browser.request('POST', '/reports/1?q=1', headers, body);
    expect(answer.text).toHaveLength(200_000);
    expect(answer.setCookies).toEqual(['theirs=2; Path=/']);
    expect(received).toMatchObject({ url: '/1?q=1', body, headers: { cookie: 'theirs=2' } });
    expect(browser.token).toBe(token);
    expect([backend.reads, ...backend.writes]).toEqual([0]);
  });

  it('what middleware before it changes is saved before the proxied answer leaves', async () => {
    await start((nest) => {
      nest.use(nest.get(SessionMiddleware).use);
      nest.use((request: { session: Session }, _response: unknown, next: () => void) => {
        request.session.increment('visits');
        next();
      });
    });
    const answer = await app.browser().get('/reports/1');
    expect(answer.text).toHaveLength(200_000);
    const ours = expect.stringMatching(/^sid=s%3A/);
    expect(answer.setCookies).toEqual(['theirs=2; Path=/', ours]);
    expect(backend.writes).toEqual(['create']);
    backend.beforeWrite = () => Promise.reject(new Error('disk full'));
    const failed = await app.browser().get('/reports/1');
    expect([failed.status, failed.setCookies]).toEqual([503, []]);
  });
});
