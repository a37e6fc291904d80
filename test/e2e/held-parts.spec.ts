import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
  type NestInterceptor,
  Post,
  Query,
  Res,
} from '@nestjs/common';
import { MemoryBackend, Session, SessionMiddleware, SessionService } from 'nestjs-server-session';
import { tap } from 'rxjs';
import { ADAPTERS, TestApp } from '../support/app.js';
import type { Browser } from '../support/browser.js';
import { GatedBackend } from '../support/gated-backend.js';

const LONG = 'long text, '.repeat(200);

type Cart = { items: { sku: string; count: number }[] };

function add(cart: Cart | undefined, sku: string) {
  cart!.items.push({ sku, count: 1 });
}

@Controller()
class CartController {
  @Post('cart')
  begin(@Session() session: Session, @Query('sku') sku: string) {
    session.cart = { items: [{ sku, count: 1 }] };
  }

  @Get('cart')
  read(@Session() session: Session) {
    return session.cart;
  }

  @Get('raw/later')
  later(@Session() session: Session, @Res() response: { raw?: ServerResponse } & ServerResponse) {
    const { cart } = session;
    void sleep(20).then(() => {
      add(cart, 'later');
      (response.raw ?? response).end('{}');
    });
  }

  @Get('asked')
  asked(@Session() session: Session) {
    return { sku: session.cart?.items[0]?.sku };
  }
}

/** Stands outside of the library's own interceptor, and so does what it does behind that one's commit. */
class Outer implements NestInterceptor {
  app!: INestApplication;
  act: (session: Session, cart: Cart | undefined) => unknown = () => {};

  async intercept(context: ExecutionContext, next: CallHandler) {
    const session = await this.app.get(SessionService).of(context);
    const { cart } = session;
    return next.handle().pipe(tap({ complete: () => void this.act(session, cart) }));
  }
}

/** As `Outer`, where nobody has had the session before the handler. */
class LateOuter extends Outer {
  override async intercept(context: ExecutionContext, next: CallHandler) {
    const act = async () => {
      const session = await this.app.get(SessionService).of(context);
      this.act(session, undefined);
    };
    return next.handle().pipe(tap({ complete: () => void act() }));
  }
}

describe.each(ADAPTERS)('parts of a session that somebody holds on to, on %s', (adapter) => {
  let app: TestApp;
  let browser: Browser;
  let backend: GatedBackend;
  afterEach(() => app.stop());

  async function start(outer?: Outer, prepare?: (app: INestApplication) => void) {
    backend = new GatedBackend(new MemoryBackend());
    app = await TestApp.start({
      adapter,
      session: { backend },
      controllers: [CartController],
      prepare: (nest) => {
        if (outer) {
          outer.app = nest;
          nest.useGlobalInterceptors(outer);
        }
        prepare?.(nest);
      },
    });
    browser = app.browser();
    await browser.post(`/cart?sku=${encodeURIComponent(LONG)}`);
  }
  const skus = async () => {
    const cart = (await browser.get('/cart')).json<Cart>();
    return cart.items.map(({ sku }) => sku);
  };

  it('a handler that answers by callback changes one between its end and the answer: it is saved', async () => {
    await start();
    await browser.get('/raw/later');
    expect(await skus()).toEqual([LONG, 'later']);
  });

  it('an interceptor that had it before the handler changes one behind the commit: it is saved', async () => {
    const outer = new Outer();
    await start(outer);
    outer.act = (_, cart) => add(cart, 'outer');
    await browser.get('/asked');
    outer.act = () => {};
    expect(await skus()).toEqual([LONG, 'outer']);
  });

  it('a middleware had it, and changes one while the response is made: it is saved', async () => {
    const outer = new LateOuter();
    let held: Cart | undefined;
    await start(outer, (nest) => {
      nest.use(nest.get(SessionMiddleware).use);
      nest.use((request: { session: Session }, _: unknown, next: () => void) => {
        held = request.session.cart;
        next();
      });
    });
    outer.act = () => add(held, 'middleware');
    await browser.get('/asked');
    outer.act = () => {};
    expect(await skus()).toEqual([LONG, 'middleware']);
  });

  it.each<[string, (session: Session) => unknown]>([
    ['a field', (session) => (session.visits = 1)],
    ['a part', (session) => add(session.cart, 'late')],
    ['lifetime', (session) => session.lifetime({ idle: '1h' })],
    ['regenerate', (session) => session.regenerate()],
  ])('somebody who asks for it behind the commit changes %s: it is saved', async (_, change) => {
    const outer = new LateOuter();
    await start(outer);
    const before = backend.writes.length;
    outer.act = change;
    await browser.get('/asked');
    expect(backend.writes.slice(before)).toEqual(['update']);
  });

  it('destroy behind the commit ends it before the answer', async () => {
    const outer = new LateOuter();
    await start(outer);
    outer.act = (session) => session.destroy();
    await browser.get('/asked');
    expect(browser.cookies).toEqual({});
    expect(backend.writes.at(-1)).toBe('end');
  });

  it('long text that is only read is not written', async () => {
    await start();
    const before = backend.writes.length;
    expect(await skus()).toEqual([LONG]);
    expect(backend.writes.length).toBe(before);
  });
});
