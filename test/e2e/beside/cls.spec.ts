import { Controller, Get, Inject, Injectable, Post, type Type } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import { ClsModule, ClsService } from 'nestjs-cls';
import { MemoryBackend, Session, SessionService } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../../support/app.js';
import { importRecipe } from '../../support/examples.js';
import { GatedBackend } from '../../support/gated-backend.js';

const { ContextModule, CurrentSession } = await importRecipe<{
  ContextModule: Type<object>;
  CurrentSession: Type<{ get(): Promise<Session> }>;
}>('class ContextModule');

const MODES = ['middleware', 'guard', 'interceptor'] as const;

let app: TestApp;
afterEach(() => app.stop());

describe.each(ADAPTERS)('nestjs-cls, on %s', (adapter) => {
  it.each(MODES)(
    'its %s gives each request its own session, wherever it is asked',
    async (mode) => {
      @Injectable()
      class Deep {
        constructor(@Inject(ClsService) private readonly cls: ClsService) {}
        async visit() {
          await new Promise(setImmediate);
          this.cls.get<Session>('session').increment('visits');
          return this.cls.get<Session>('session');
        }
      }

      @Controller()
      class DeepController {
        constructor(private readonly deep: Deep) {}
        @Post('visit')
        async visit(@Session() session: Session) {
          return { isSame: (await this.deep.visit()) === session, visits: session.visits };
        }
      }
      const cls = ClsModule.forRootAsync({
        inject: [SessionService],
        useFactory: (sessions: SessionService) => ({
          [mode]: {
            mount: true,
            setup: async (store: ClsService, target: object) => {
              store.set('session', await sessions.of(target));
            },
          },
        }),
      });
      app = await TestApp.start({
        adapter,
        imports: [cls],
        controllers: [DeepController],
        providers: [Deep],
      });
      const browsers = Array.from({ length: 10 }, () => app.browser());
      for (const visits of [1, 2]) {
        const answers = await Promise.all(browsers.map((browser) => browser.post('/visit')));
        for (const answer of answers) expect(answer.json()).toEqual({ isSame: true, visits });
      }
    },
  );

  it('by the recipe: the session of the request, and no read where nobody asks', async () => {
    @Controller()
    class RecipeController {
      constructor(@Inject(CurrentSession) private readonly current: { get(): Promise<Session> }) {}
      @Get('ask')
      async ask(@Session() session: Session) {
        const current = await this.current.get();
        return { isSame: current === session, visits: current.increment('visits') };
      }
      @Get('plain')
      plain() {
        return 'plain';
      }
    }
    const backend = new GatedBackend(new MemoryBackend());
    app = await TestApp.start({
      adapter,
      session: { backend, load: 'lazy' },
      imports: [ContextModule],
      controllers: [RecipeController],
    });
    const browser = app.browser();
    for (const visits of [1, 2]) {
      expect((await browser.get('/ask')).json()).toEqual({ isSame: true, visits });
    }
    backend.reads = 0;
    await browser.get('/plain');
    expect(backend.reads).toBe(0);
  });
});
