import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, type INestApplication, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ServeStaticModule } from '@nestjs/serve-static';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MemoryBackend, Session, SessionMiddleware, SessionModule } from 'nestjs-server-session';
import { ADAPTERS, type AdapterName, SECRET } from '../../support/app.js';
import { Browser } from '../../support/browser.js';
import { GatedBackend } from '../../support/gated-backend.js';

const BODY = 'x'.repeat(100_000);

@Controller()
class VisitController {
  @Post('visit')
  visit(@Session() session: Session) {
    session.increment('visits');
  }
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sessions-static-'));
  writeFileSync(join(folder, 'index.html'), '<p>hello');
  writeFileSync(join(folder, 'big.txt'), BODY);
});
afterAll(() => rmSync(folder, { recursive: true }));

let app: INestApplication;
let backend: GatedBackend;
afterEach(() => app.close());

/** By NestFactory: ServeStaticModule serves nothing in a module of @nestjs/testing. */
async function start(
  adapter: AdapterName,
  prepare = (_app: INestApplication): void => {},
): Promise<string> {
  backend = new GatedBackend(new MemoryBackend());
  @Module({
    imports: [
      SessionModule.forRoot({ secret: SECRET, backend }),
      ServeStaticModule.forRoot({ rootPath: folder }),
    ],
    controllers: [VisitController],
  })
  class AppModule {}
  app =
    adapter === 'express'
      ? await NestFactory.create(AppModule, { logger: false })
      : await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false });
  prepare(app);
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

describe.each(ADAPTERS)('@nestjs/serve-static, on %s', (adapter) => {
  it('a file costs no call of the backend, nor a header, with or without a cookie', async () => {
    const url = await start(adapter);
    const browser = new Browser(url);
    await browser.post('/visit');
    backend.reads = backend.writes.length = 0;
    for (const one of [browser, new Browser(url)]) {
      for (const path of ['/', '/index.html', '/big.txt', '/nowhere.txt']) {
        const answer = await one.get(path);
        expect(answer.setCookies).toEqual([]);
        expect(answer.headers.get('vary')).toBeNull();
        if (path === '/big.txt') expect(answer.text).toBe(BODY);
      }
    }
    expect([backend.reads, ...backend.writes]).toEqual([0]);
  });

  it('a file leaves whole, with its cookie, where middleware before it changes the session', async () => {
    const url = await start(adapter, (nest) => {
      nest.use(nest.get(SessionMiddleware).use);
      nest.use((request: { session: Session }, _response: unknown, next: () => void) => {
        request.session.increment('visits');
        next();
      });
    });
    const browser = new Browser(url);
    for (const calls of [
      [0, 'create'],
      [1, 'update'],
    ]) {
      backend.reads = backend.writes.length = 0;
      const answer = await browser.get('/big.txt');
      expect(answer.text).toBe(BODY);
      expect([backend.reads, ...backend.writes]).toEqual(calls);
    }
    expect(browser.token).toBeDefined();
  });
});
