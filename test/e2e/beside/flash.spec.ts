import { Controller, Get, Post, Redirect, Req, Res, type Type } from '@nestjs/common';
import fastifyFlash from '@fastify/flash';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import connectFlash from 'connect-flash';
import { MemoryBackend, Session, SessionMiddleware } from 'nestjs-server-session';
import { ADAPTERS, type AdapterName, TestApp, type TestAppOptions } from '../../support/app.js';
import { importRecipe } from '../../support/examples.js';
import { loadForPlugins } from '../../support/recipes.js';

type Messages = Record<string, string[]>;

/** `request.flash(type, message)` sets in both; connect-flash reads by `request.flash()`, the other by `reply.flash()`. */
interface FlashRequest {
  flash(type: string, message: string): unknown;
  flash(): Messages;
}
interface FlashReply {
  flash(): Messages;
}

function controllerOn(adapter: AdapterName) {
  @Controller()
  class NotesController {
    @Post('notes')
    @Redirect('/notes', 303)
    note(@Req() request: FlashRequest) {
      request.flash('info', 'saved');
      request.flash('info', 'and sent');
      request.flash('warning', 'late');
    }
    @Get('notes')
    notes(
      @Session() session: Session,
      @Req() request: FlashRequest,
      @Res({ passthrough: true }) reply: FlashReply,
    ) {
      return session.has('flash') ? this.careless(request, reply) : {};
    }
    @Get('careless')
    careless(@Req() request: FlashRequest, @Res({ passthrough: true }) reply: FlashReply) {
      return adapter === 'express' ? request.flash() : reply.flash();
    }
  }
  return NotesController;
}

const PREPARE: Record<AdapterName, NonNullable<TestAppOptions['prepare']>> = {
  express: (nest) => {
    nest.use(nest.get(SessionMiddleware).use);
    nest.use(connectFlash());
  },
  fastify: async (nest) => {
    const app = nest as NestFastifyApplication;
    loadForPlugins(app);
    await app.register(fastifyFlash);
  },
};

const CELLS = ADAPTERS.flatMap((adapter) =>
  (['eager', 'lazy'] as const).map((load) => ({
    name: adapter === 'express' ? 'connect-flash' : '@fastify/flash',
    adapter,
    load,
  })),
);

describe.each(CELLS)('$name, load: $load', ({ adapter, load }) => {
  const backend = new MemoryBackend();
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({
      adapter,
      session: { backend, load },
      controllers: [controllerOn(adapter)],
      prepare: PREPARE[adapter],
    });
  });
  afterAll(() => app.stop());

  it('messages survive a redirect, all of them, and are shown once', async () => {
    const browser = app.browser();
    const posted = await browser.post('/notes');
    expect(posted.status).toBe(303);
    const shown = await browser.get(posted.headers.get('location')!);
    expect(shown.json()).toEqual({ info: ['saved', 'and sent'], warning: ['late'] });
    expect((await browser.get('/notes')).json()).toEqual({});
  });

  it('a look for messages begins a session, but where has() is asked first', async () => {
    const before = backend.size;
    expect((await app.browser().get('/notes')).setCookies).toEqual([]);
    expect(backend.size).toBe(before);
    expect((await app.browser().get('/careless')).setCookies).toHaveLength(1);
    expect(backend.size).toBe(before + 1);
  });
});

describe.each(ADAPTERS)('with no package, on %s', (adapter) => {
  let app: TestApp;
  beforeAll(async () => {
    const { NotesModule } = await importRecipe<{ NotesModule: Type }>('class NotesModule');
    const { PagesModule } = await importRecipe<{ PagesModule: Type }>('class PagesModule');
    app = await TestApp.start({ adapter, imports: [NotesModule, PagesModule] });
  });
  afterAll(() => app.stop());

  it('flash messages survive a redirect, are shown once, and a look for them begins no session', async () => {
    const browser = app.browser();
    const look = await browser.get('/notes');
    expect(look.json()).toEqual({ draft: '' });
    expect(look.setCookies).toEqual([]);
    expect((await browser.postJson('/notes', { text: 'tea' })).status).toBe(303);
    expect((await browser.get('/notes')).json()).toEqual({ notice: 'Saved.', draft: '' });
    expect((await browser.get('/notes')).json()).toEqual({ draft: '' });
    await browser.postJson('/notes', { text: ' ' });
    const notice = 'Please write something.';
    expect((await browser.get('/notes')).json()).toEqual({ notice, draft: ' ' });
  });

  it('a sign-in leads to where somebody was going', async () => {
    const browser = app.browser();
    const sent = await browser.get('/orders/7?from=mail');
    expect([sent.status, sent.headers.get('location')]).toEqual([302, '/sign-in']);
    await browser.get('/sign-in');
    const signedIn = await browser.postJson('/sign-in', { user: 'ada' });
    expect(signedIn.json()).toEqual({ next: '/orders/7?from=mail' });
    expect((await browser.get('/orders/7')).text).toBe('your order');
    expect((await browser.postJson('/sign-in', { user: 'ada' })).json()).toEqual({ next: '/' });
  });
});
