import {
  Body,
  ClassSerializerInterceptor,
  Controller,
  Get,
  Post,
  ValidationPipe,
  type ValidationPipeOptions,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { afterEach, describe, expect, it } from 'vitest';
import { Exclude } from 'class-transformer';
import { IsString } from 'class-validator';
import { Session } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../../support/app.js';

class Item {
  @IsString()
  sku!: string;
}

class User {
  constructor(readonly name: string) {}
  @Exclude() readonly password = 'hunter2';
}

@Controller()
class CartController {
  @Post('items')
  add(
    @Session() session: Session,
    @Session('visits') visits: number | undefined,
    @Body() { sku }: Item,
  ) {
    session.cart ??= { items: [] };
    session.cart.items.push({ sku, count: 1 });
    return { visits: visits ?? null, sum: session.increment('visits') };
  }
  @Get('session')
  session(@Session() session: Session) {
    return session;
  }
  @Get('user')
  user(@Session() session: Session) {
    session.increment('visits');
    return new User('ada');
  }
}

const PIPES: ValidationPipeOptions[] = [
  {},
  { transform: true, whitelist: true, forbidNonWhitelisted: true },
  { validateCustomDecorators: true },
  {
    validateCustomDecorators: true,
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
  },
];

let app: TestApp;
afterEach(() => app.stop());

describe.each(ADAPTERS)('on %s', (adapter) => {
  it.each(PIPES)('ValidationPipe %j leaves a session as it is', async (options) => {
    app = await TestApp.start({
      adapter,
      controllers: [CartController],
      prepare: (nest) => nest.useGlobalPipes(new ValidationPipe(options)),
    });
    const browser = app.browser();
    expect((await browser.postJson('/items', { sku: 1 })).status).toBe(400);
    const first = await browser.postJson('/items', { sku: 'a' });
    expect(first.json()).toEqual({ visits: null, sum: 1 });
    const second = await browser.postJson('/items', { sku: 'b' });
    expect(second.json()).toEqual({ visits: 1, sum: 2 });
    const items = ['a', 'b'].map((sku) => ({ sku, count: 1 }));
    expect((await browser.get('/session')).json()).toEqual({ visits: 2, cart: { items } });
  });

  it('ClassSerializerInterceptor gives the data of a session, and saves it beside what it serializes', async () => {
    app = await TestApp.start({
      adapter,
      controllers: [CartController],
      prepare: (nest) =>
        nest.useGlobalInterceptors(new ClassSerializerInterceptor(nest.get(Reflector))),
    });
    const browser = app.browser();
    expect((await browser.get('/user')).json()).toEqual({ name: 'ada' });
    await browser.postJson('/items', { sku: 'a' });
    expect((await browser.get('/session')).json()).toEqual({
      visits: 2,
      cart: { items: [{ sku: 'a', count: 1 }] },
    });
  });
});
