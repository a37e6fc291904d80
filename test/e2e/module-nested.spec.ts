import { type INestApplication, Module } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import { Test } from '@nestjs/testing';
import { Session, SessionMiddleware, SessionModule, SessionService } from 'nestjs-server-session';
import { ADAPTERS, SECRET } from '../support/app.js';
import { ALL_SAME, startWays, type WaysApp } from '../support/mounted.js';

const running: WaysApp[] = [];
afterEach(async () => {
  for (const { app } of running.splice(0)) await app.stop();
});

async function start(...args: Parameters<typeof startWays>): Promise<WaysApp> {
  const started = await startWays(...args);
  running.push(started);
  return started;
}

function mount({ app }: WaysApp) {
  return (outer: INestApplication) => outer.use('/v2', app.app.getHttpAdapter().getInstance());
}

describe('two SessionModules in one application', () => {
  const compile = (...imports: object[]) => {
    @Module({ imports: [SessionModule.forRoot({ secret: SECRET })] })
    class FeatureModule {}
    @Module({ imports: [...imports, FeatureModule] as never })
    class AppModule {}
    return Test.createTestingModule({ imports: [AppModule] }).compile();
  };

  it('are refused at start, with what to do', async () => {
    const starting = compile(SessionModule.forRoot({ secret: SECRET }));
    await expect(starting).rejects.toThrow(/called 2 times in this application: call it once/);
  });

  it('one and the same may be imported by several modules', async () => {
    const sessions = SessionModule.forRoot({ secret: SECRET, isGlobal: false });
    @Module({ imports: [sessions] })
    class FeatureModule {}
    @Module({ imports: [sessions, FeatureModule] })
    class AppModule {}
    await Test.createTestingModule({ imports: [AppModule] }).compile();
  });
});

describe.each(ADAPTERS)('two applications of one process, on %s', (adapter) => {
  it('have each a secret, a cookie and a backend', async () => {
    const one = await start('one', adapter);
    const two = await start('two', adapter);
    for (const { app, backend } of [one, two]) {
      const browser = app.browser();
      await browser.get('/ways');
      expect((await browser.get('/ways')).json()).toEqual({ visits: 2, isSame: ALL_SAME });
      expect(backend.size).toBe(1);
    }
  });
});

describe.each(['eager', 'lazy'] as const)('an application mounted in another, load: %s', (load) => {
  describe.each(ADAPTERS)('on %s', (adapter) => {
    it('has its own sessions, and the outer one its own', async () => {
      const inner = await start('inner', 'express', { session: { load } });
      const outer = await start('outer', adapter, { session: { load }, prepare: mount(inner) });
      const browser = outer.app.browser();
      for (const visits of [1, 2]) {
        expect((await browser.get('/ways')).json()).toEqual({ visits, isSame: ALL_SAME });
        expect((await browser.get('/v2/ways')).json()).toEqual({ visits, isSame: ALL_SAME });
      }
      expect(Object.keys(browser.cookies).toSorted()).toEqual(['inner', 'outer']);
      expect([inner.backend.size, outer.backend.size]).toEqual([1, 1]);
    });
  });
});

describe.each(ADAPTERS)('one request that uses both sessions, outer on %s', (adapter) => {
  it('saves both and sends both cookies, whichever was loaded first', async () => {
    const inner = await start('inner', 'express');
    const seen: unknown[] = [];
    const outer = await start('outer', adapter, {
      prepare: (app) => {
        app.use(app.get(SessionMiddleware).use);
        app.use('/v2', (request: { session: Session }, _response: unknown, next: () => void) => {
          request.session.increment('visits');
          seen.push(request.session.visits);
          next();
        });
        mount(inner)(app);
      },
    });
    const browser = outer.app.browser();
    const first = await browser.get('/v2/ways');
    expect(first.json()).toEqual({ visits: 1, isSame: ALL_SAME });
    expect(Object.keys(browser.cookies).toSorted()).toEqual(['inner', 'outer']);
    expect((await browser.get('/v2/ways')).json()).toEqual({ visits: 2, isSame: ALL_SAME });
    expect(seen).toEqual([1, 2]);
    expect([inner.backend.size, outer.backend.size]).toEqual([1, 1]);
  });
});

describe('middleware of an outer application', () => {
  it('finds its own session again after an inner one has passed the request on', async () => {
    const inner = await start('inner', 'express');
    const instance = inner.app.app.getHttpAdapter().getInstance() as {
      use(path: string, handler: unknown): void;
      router: { stack: unknown[] };
    };
    const seen: unknown[] = [];
    const note = async (request: { session?: Session }, _response: unknown, next: () => void) => {
      seen.push(request.session);
      next();
    };
    const innerMiddleware = inner.app.app.get(SessionMiddleware).use;
    // Nest answers what no route takes, so what passes on has to come before its routes.
    instance.use('/passing', innerMiddleware);
    instance.use('/passing', note);
    instance.use('/passing', (_request: unknown, _response: unknown, next: (how: string) => void) =>
      next('router'),
    );
    const { stack } = instance.router;
    stack.unshift(...stack.splice(-3));
    const outer = await start('outer', 'express', {
      prepare: (app) => {
        app.use(app.get(SessionMiddleware).use);
        app.use(note);
        mount(inner)(app);
        app.use(note);
      },
    });
    await outer.app.browser().get('/v2/passing');
    expect(seen).toHaveLength(3);
    expect(seen[2]).toBe(seen[0]);
    expect(seen[1]).not.toBe(seen[0]);
    expect(seen.every(Boolean)).toBe(true);
  });

  it('a service gives the session of its own application, wherever it is asked', async () => {
    const services: SessionService[] = [];
    const found: Session[] = [];
    const ask = async (request: object, _response: unknown, next: () => void) => {
      for (const service of services) found.push(await service.of(request));
      next();
    };
    const inner = await start('inner', 'express', { prepare: (app) => app.use(ask) });
    services.push(inner.app.app.get(SessionService));
    const outer = await start('outer', 'express', {
      prepare: (app) => {
        services.push(app.get(SessionService));
        mount(inner)(app);
      },
    });
    const answer = await outer.app.browser().get('/v2/ways');
    expect(answer.status).toBe(200);
    expect(found).toHaveLength(2);
    expect(found[0]).not.toBe(found[1]);
    expect(answer.setCookies).toHaveLength(1);
  });
});
