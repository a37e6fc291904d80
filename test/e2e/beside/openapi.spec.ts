import { Controller, Get, type INestApplication, Param, Post, type Type } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryBackend, Session } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../../support/app.js';
import { importRecipe } from '../../support/examples.js';
import { GatedBackend } from '../../support/gated-backend.js';

const { DocumentedController, useDocument } = await importRecipe<{
  DocumentedController: Type<object>;
  useDocument: (app: INestApplication) => OpenAPIObject;
}>('function useDocument');

@Controller('cart')
class CartController {
  @Post(':sku')
  add(
    @Session() session: Session,
    @Param('sku') sku: string,
    @Session('visits') visits: number | undefined,
  ) {
    session.flash = [sku];
    return { visits: visits ?? null };
  }
  @Get()
  read(@Session('cart') cart: Session['cart']) {
    return cart;
  }
}

describe.each(ADAPTERS)('@nestjs/swagger, on %s', (adapter) => {
  const backend = new GatedBackend(new MemoryBackend());
  let document: OpenAPIObject;
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({
      adapter,
      session: { backend },
      controllers: [DocumentedController, CartController],
      prepare: (nest) => (document = useDocument(nest)),
    });
  });
  afterAll(() => app.stop());

  it('names the cookie and the bearer token, either of which signs in', () => {
    expect(document.components?.securitySchemes).toEqual({
      cookie: { type: 'apiKey', in: 'cookie', name: 'sid' },
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'opaque' },
    });
    expect(document.paths['/account']!.get!.security).toEqual([{ bearer: [] }, { cookie: [] }]);
  });

  it('shows no session among parameters, bodies and schemas', () => {
    const sku = { name: 'sku', in: 'path', required: true, schema: { type: 'string' } };
    const { parameters, requestBody } = document.paths['/cart/{sku}']!.post!;
    expect(parameters).toEqual([sku]);
    expect(requestBody).toBeUndefined();
    expect(document.paths['/cart']!.get!.parameters).toEqual([]);
    expect(document.paths['/account']!.get!.parameters).toEqual([]);
    expect(document.components?.schemas).toEqual({});
  });

  it('its pages cost no call of the backend', async () => {
    const browser = app.browser();
    await browser.post('/cart/a');
    backend.reads = backend.writes.length = 0;
    for (const path of ['/docs', '/docs-json', '/docs/swagger-ui.css']) {
      const answer = await browser.get(path);
      expect([answer.status, ...answer.setCookies]).toEqual([200]);
    }
    expect([backend.reads, ...backend.writes]).toEqual([0]);
  });
});
