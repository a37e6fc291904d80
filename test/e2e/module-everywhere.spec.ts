import { once } from 'node:events';
import { createServer, type RequestListener as Listener } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Body,
  Controller,
  Get,
  type INestApplication,
  Inject,
  Injectable,
  type MiddlewareConsumer,
  Module,
  type NestMiddleware,
  type NestModule,
  Post,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { afterEach, describe, expect, it } from 'vitest';
import express from 'express';
import { Session, SessionMiddleware, SessionService } from 'nestjs-server-session';
import { ADAPTERS, type AdapterName, TestApp } from '../support/app.js';
import { Browser } from '../support/browser.js';

type Next = (error?: unknown) => void;
type Middleware = (request: object, response: unknown, next: Next) => void;
type Hook = (request: object, reply: object, done: Next) => void;

/** What each place of one request found, in order. */
const found: { place: string; of: Session; current: Session | undefined }[] = [];

@Injectable()
class Finder {
  constructor(private readonly sessions: SessionService) {}

  async find(place: string, request: object): Promise<void> {
    const of = await this.sessions.of(request);
    of.increment('visits');
    found.push({ place, of, current: this.sessions.current });
  }

  at(place: string): Middleware & Hook {
    return (request: object, _response: unknown, next: Next) => {
      this.find(place, request).then(() => next(), next);
    };
  }
}

@Injectable()
class FindingMiddleware implements NestMiddleware {
  constructor(private readonly finder: Finder) {}
  use(request: object, response: unknown, next: Next) {
    this.finder.at('middleware')(request, response as object, next);
  }
}

/** As nestjs-cls and nestjs-i18n do: a hook or a middleware of the adapter, while the application is made. */
@Injectable()
class EarlyLibrary {
  constructor(@Inject(HttpAdapterHost) host: HttpAdapterHost, finder: Finder) {
    host.init$.subscribe(() => addFirst(host.httpAdapter.getInstance(), finder.at('library')));
  }
}

function addFirst(instance: { addHook?: Function; use?: Function }, found: Middleware & Hook) {
  if (instance.addHook) instance.addHook('onRequest', found);
  else instance.use!(found);
}

@Controller()
class PlacesController {
  constructor(private readonly sessions: SessionService) {}
  @Get('places')
  places(@Session() session: Session) {
    return { visits: session.visits, isCurrent: this.sessions.current === session };
  }
  @Post('body')
  body(@Session() session: Session, @Body() body: object) {
    return { body, isCurrent: this.sessions.current === session };
  }
}

@Module({ controllers: [PlacesController], providers: [EarlyLibrary, Finder], exports: [Finder] })
class PlacesModule implements NestModule {
  configure(consumer: MiddlewareConsumer) {
    consumer.apply(FindingMiddleware).forRoutes('{*all}');
  }
}

let app: TestApp;
afterEach(async () => {
  await app.stop();
  found.length = 0;
});

function start(
  adapter: AdapterName,
  load: 'eager' | 'lazy',
  prepare: (app: INestApplication, finder: Finder) => void,
): Promise<TestApp> {
  return TestApp.start({
    adapter,
    session: { current: true, load },
    imports: [PlacesModule],
    prepare: (nest) => prepare(nest, nest.get(Finder)),
  });
}

describe.each(['eager', 'lazy'] as const)('load: %s', (load) => {
  describe.each(ADAPTERS)('on %s', (adapter) => {
    it('of(request) and current are there in all that sees a request', async () => {
      app = await start(adapter, load, (nest, finder) => {
        nest.use(finder.at('app.use'));
        if (adapter === 'fastify') {
          const instance = nest.getHttpAdapter().getInstance() as { addHook: Function };
          for (const hook of ['onRequest', 'preValidation', 'preHandler']) {
            instance.addHook(hook, finder.at(hook));
          }
        }
      });
      const places =
        adapter === 'fastify'
          ? ['library', 'app.use', 'middleware', 'onRequest', 'preValidation', 'preHandler']
          : ['library', 'app.use', 'middleware'];
      const answer = await app.browser().get('/places');
      expect(answer.json()).toEqual({ visits: places.length, isCurrent: true });
      expect(found.map(({ place }) => place).toSorted()).toEqual(places.toSorted());
      for (const { of, current } of found) expect(current).toBe(of);
      expect(new Set(found.map(({ of }) => of)).size).toBe(1);
      expect(answer.setCookies).toHaveLength(1);
    });

    it('current is there after a body was read', async () => {
      app = await start(adapter, load, () => {});
      const big = { text: 'x'.repeat(80_000) };
      const answer = await app.browser().postJson('/body', big);
      expect(answer.json()).toEqual({ body: big, isCurrent: true });
    });

    it('current is there behind SessionMiddleware in main.ts', async () => {
      const seen: unknown[] = [];
      app = await start(adapter, load, (nest) => {
        const sessions = nest.get(SessionService);
        nest.use(nest.get(SessionMiddleware).use);
        nest.use((request: { session: Session }, _response: unknown, next: Next) => {
          seen.push(request.session, sessions.current);
          next();
        });
      });
      await app.browser().get('/places');
      expect(seen).toHaveLength(2);
      expect(seen[0]).toBeDefined();
      expect(seen[1]).toBe(seen[0]);
    });
  });
});

describe.each(ADAPTERS)('on %s', (adapter) => {
  it('a request that comes by another server than the application’s own has its session', async () => {
    app = await start(adapter, 'eager', (nest, finder) => nest.use(finder.at('app.use')));
    const instance: Listener & { routing?: Listener } = app.app.getHttpAdapter().getInstance();
    const server = createServer(instance.routing ?? instance).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const answer = await new Browser(`http://127.0.0.1:${port}`).get('/places');
    server.close();
    expect(answer.json()).toEqual({ visits: 3, isCurrent: true });
    expect(answer.setCookies).toHaveLength(1);
  });
});

it('middleware of a plain Express application has the session of the Nest application behind it', async () => {
  app = await start('express', 'lazy', () => {});
  const front = express();
  front.use(app.app.get(Finder).at('front') as never);
  front.use(app.app.getHttpAdapter().getInstance() as never);
  const server = front.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const answer = await new Browser(`http://127.0.0.1:${port}`).get('/places');
  server.close();
  expect(answer.json()).toMatchObject({ visits: 3 });
  expect(found.map(({ place }) => place)).toEqual(['front', 'library', 'middleware']);
  expect(answer.setCookies).toHaveLength(1);
});
