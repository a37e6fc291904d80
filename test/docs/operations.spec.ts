import diagnostics from 'node:diagnostics_channel';
import { syncBuiltinESMExports } from 'node:module';
import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { MemoryBackend, Session } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import { fakeClock } from '../support/clock.js';
import { importExample } from '../support/examples.js';
import { GatedBackend } from '../support/gated-backend.js';

@Controller()
class SampleController {
  @Get('session')
  show(@Session() session: Session) {
    return { ...session };
  }
  @Post('write')
  @HttpCode(200)
  write(@Session() session: Session) {
    session.visits = (session.visits ?? 0) + 1;
    return { id: session.id };
  }
  @Post('sign-in')
  @HttpCode(200)
  async signIn(@Session() session: Session) {
    await session.signIn('ada');
    return { id: session.id };
  }
  @Post('sign-out')
  @HttpCode(200)
  async signOut(@Session() session: Session) {
    await session.destroy();
  }
}

const spans = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
const { subscribe } = diagnostics;
let counts: { begun: number; lastBegun: string };
const subscribed: Parameters<typeof subscribe>[] = [];
beforeAll(async () => {
  diagnostics.subscribe = (...subscription) => {
    subscribed.push(subscription);
    subscribe(...subscription);
  };
  syncBuiltinESMExports();
  trace.setGlobalTracerProvider(provider);
  await importExample('docs/operations.md', 'diagnostics_channel');
  await importExample('docs/operations.md', "new Logger('Audit')");
  ({ counts } = await importExample<{ counts: typeof counts }>('docs/operations.md', 'counts ='));
});
// The examples' subscribers would outlive them in this process, and tell of what other files do.
afterAll(async () => {
  for (const subscription of subscribed) diagnostics.unsubscribe(...subscription);
  diagnostics.subscribe = subscribe;
  syncBuiltinESMExports();
  await provider.shutdown();
  trace.disable();
});

describe.each(ADAPTERS)('docs/operations.md, on %s', (adapter) => {
  let backend: GatedBackend;
  let app: TestApp;

  beforeAll(async () => {
    const { HealthModule } = await importExample<{ HealthModule: new () => unknown }>(
      'docs/operations.md',
      'terminus',
    );
    backend = new GatedBackend(new MemoryBackend());
    app = await TestApp.start({
      adapter,
      imports: [HealthModule],
      session: { backend, backendTimeout: 0.2 },
      controllers: [SampleController],
    });
  });
  afterAll(async () => {
    await app.stop();
  });

  const ended = () => {
    const all = spans.getFinishedSpans().map(({ name, status, attributes, events }) => ({
      name,
      isError: status.code === SpanStatusCode.ERROR,
      id: attributes['session.id'],
      events: events.map((event) => event.name),
    }));
    spans.reset();
    return all;
  };

  it('the health check says up, and down when the backend fails', async () => {
    const browser = app.browser();
    expect((await browser.get('/health')).json()).toMatchObject({
      status: 'ok',
      details: { sessions: { status: 'up', latencyMs: expect.any(Number) } },
    });
    backend.beforeRead = () => Promise.reject(new Error('no connection'));
    const down = await browser.get('/health');
    expect(down.status).toBe(503);
    expect(down.json()).toMatchObject({
      status: 'error',
      details: {
        sessions: {
          status: 'down',
          error: 'The session backend failed to get: no connection',
        },
      },
    });
    backend.beforeRead = async () => {};
  });

  it('the audit trail says who signed in, and how the session ended', async () => {
    const browser = app.browser();
    const { id } = (await browser.post('/sign-in')).json<{ id: string }>();
    await browser.post('/sign-out');
    const lines = app.logs.lines.filter((line) => line.includes(id));
    expect(lines).toEqual([
      expect.stringContaining(`ada signed in: session ${id}`),
      expect.stringContaining(`session ${id} of ada was ended: destroyed`),
    ]);
  });

  it('the figures count sessions that begin', async () => {
    const before = counts.begun;
    const browser = app.browser();
    const { id } = (await browser.post('/write')).json<{ id: string }>();
    await browser.post('/write');
    expect([counts.begun - before, counts.lastBegun]).toEqual([1, id]);
  });

  it('every operation on a session is a span with its id, and nothing else of it', async () => {
    const clock = fakeClock();
    ended();
    try {
      const browser = app.browser();
      const { id } = (await browser.post('/write')).json<{ id: string }>();
      const span = (name: string) => ({ name, id, isError: false, events: [] });
      expect(ended()).toEqual([span('session commit')]);
      await browser.get('/session');
      expect(ended()).toEqual([span('session load')]);
      clock.advance(61_000);
      await browser.get('/session');
      expect(ended()).toEqual([span('session load'), span('session touch')]);
      backend.beforeWrite = () => Promise.reject(new Error('no room'));
      expect((await browser.post('/write')).status).toBe(503);
      expect(ended()).toEqual([
        span('session load'),
        { name: 'session commit', id, isError: true, events: ['exception'] },
      ]);
      backend.beforeWrite = async () => {};
      await browser.post('/sign-out');
      expect(ended()).toEqual([span('session load'), span('session destroy')]);
    } finally {
      vi.useRealTimers();
    }
  });
});
