import { Controller, Get, Req, Res } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import { MemoryBackend, RedisBackend, Session } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { RedisServer } from '../support/redis-server.js';

interface Reply {
  send(body: unknown): unknown;
}

@Controller()
class UnseenController {
  @Get('value')
  value(@Session() session: Session) {
    session.anything = 1n;
    return 'value';
  }
  @Get('sent')
  sent(@Session() session: Session, @Res() reply: Reply) {
    session.anything = 1n;
    reply.send('sent');
  }
  @Get('assigned')
  assigned(@Session() session: Session, @Req() request: { session: unknown }) {
    session.visits = 1;
    request.session = { visits: 2 };
    return 'assigned';
  }
  @Get('visits')
  visits(@Session() session: Session) {
    return { visits: session.increment('visits') };
  }
}

describe.each(ADAPTERS)('what is lost, on %s', (adapter) => {
  let app: TestApp;
  afterEach(() => app.stop());

  it.each([
    ['eager', '/value'],
    ['eager', '/sent'],
    ['lazy', '/value'],
    ['lazy', '/sent'],
  ] as const)('is told in the log where a field can’t be stored (%s, %s)', async (load, path) => {
    const session = { load, backend: new MemoryBackend({ maxSessions: 9 }) };
    app = await TestApp.start({ adapter, session, controllers: [UnseenController] });
    const answer = await app.browser().get(path);
    expect([answer.status, answer.setCookies]).toEqual([500, []]);
    const told = app.logs.lines.filter((line) => /session\.anything can't be saved/.test(line));
    expect(told).toHaveLength(1);
  });

  it('is warned of where something else is put in the place of the session', async () => {
    app = await TestApp.start({ adapter, controllers: [UnseenController] });
    const browser = app.browser();
    expect((await browser.get('/assigned')).text).toBe('assigned');
    expect(app.logs.lines.filter((line) => /request\.session is set by/.test(line))).toHaveLength(
      1,
    );
    expect((await browser.get('/visits')).json()).toEqual({ visits: 2 });
  });
});

it('a Redis that is down for long is answered for at once, also where ioredis would give up', async () => {
  const server = await RedisServer.start();
  const backend = RedisBackend.fromUrl(server.url);
  const session = { backend, backendTimeout: 1 };
  const app = await TestApp.start({
    adapter: 'fastify',
    session,
    controllers: [UnseenController],
  });
  const browser = app.browser();
  await browser.get('/visits');
  await server.stop();
  const slow: number[] = [];
  const startMs = performance.now();
  const endMs = startMs + 8000;
  while (performance.now() < endMs) {
    const askedMs = performance.now();
    expect((await browser.get('/visits')).status).toBe(503);
    if (performance.now() - askedMs > 800) slow.push(askedMs - startMs);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // Once it is known to be down.
  expect(slow.filter((sinceMs) => sinceMs > 3000)).toEqual([]);
  await app.stop();
}, 30_000);
