import { Controller, Get, type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Test } from '@nestjs/testing';
import {
  MemoryBackend,
  RedisBackend,
  Session,
  SESSION_BACKEND,
  SessionModule,
} from 'nestjs-server-session';
import { ADAPTERS, type AdapterName, LogLines, SECRET, TestApp } from '../support/app.js';
import { freePort, RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

@Controller()
class VisitsController {
  @Get('visits')
  visits(@Session() session: Session) {
    return { visits: session.increment('visits') };
  }
}

let server: RedisServer;
beforeEach(() => server.with((client) => client.flushall()));
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

const apps: INestApplication[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

async function start(adapter: AdapterName, backend: RedisBackend): Promise<TestApp> {
  const app = await TestApp.start({
    adapter,
    session: { backend },
    controllers: [VisitsController],
  });
  apps.push(app.app);
  return app;
}

async function visitTwice(app: TestApp): Promise<void> {
  const browser = app.browser();
  await browser.get('/visits');
  expect((await browser.get('/visits')).json()).toEqual({ visits: 2 });
}

/** Connections beside the one that asks. */
async function connections(): Promise<number> {
  return Number((await server.info('clients'))['connected_clients']) - 1;
}

describe.each(ADAPTERS)('the connection of RedisBackend.fromUrl, on %s', (adapter) => {
  it('serves one application after another, as each beforeEach of a test makes one', async () => {
    const backend = RedisBackend.fromUrl(server.url);
    for (let round = 0; round < 3; round++) {
      const app = await start(adapter, backend);
      await visitTwice(app);
      expect(await connections()).toBe(1);
      await app.stop();
      await until('it is closed', async () => (await connections()) === 0);
    }
  });

  it('is closed when the last of two applications ends that share it', async () => {
    const backend = RedisBackend.fromUrl(server.url);
    const [first, second] = [await start(adapter, backend), await start(adapter, backend)];
    await visitTwice(first);
    await first.stop();
    await first.stop();
    await visitTwice(second);
    expect(await connections()).toBe(1);
    await second.stop();
    await until('it is closed', async () => (await connections()) === 0);
  });

  it('can be opened again while it is being closed', async () => {
    const backend = RedisBackend.fromUrl(server.url);
    const first = await start(adapter, backend);
    await visitTwice(first);
    const [second] = await Promise.all([start(adapter, backend), first.stop()]);
    await visitTwice(second);
    await second.stop();
    await until('it is closed', async () => (await connections()) === 0);
  });
});

describe('a backend that a test overrides', () => {
  it('is never opened', async () => {
    const before = (await server.info('stats'))['total_connections_received'];
    const app = await TestApp.start({
      adapter: 'express',
      session: { backend: RedisBackend.fromUrl(server.url) },
      controllers: [VisitsController],
      override: (builder) =>
        builder.overrideProvider(SESSION_BACKEND).useValue(new MemoryBackend()),
    });
    await visitTwice(app);
    await app.stop();
    // The one that asks now.
    const after = (await server.info('stats'))['total_connections_received'];
    expect(Number(after) - Number(before)).toBe(1);
  });

  it('is not opened either by a module that is compiled and never started', async () => {
    const backend = RedisBackend.fromUrl(server.url);
    await Test.createTestingModule({
      imports: [SessionModule.forRoot({ secret: SECRET, backend })],
    }).compile();
    expect(await connections()).toBe(0);
  });
});

describe('a backend that is used before the application has started', () => {
  it('connects at first use, and is closed by the application', async () => {
    const backend = RedisBackend.fromUrl(server.url);
    expect(await backend.get('unknown')).toBeNull();
    expect(await connections()).toBe(1);
    const app = await start('express', backend);
    await visitTwice(app);
    await app.stop();
    await until('it is closed', async () => (await connections()) === 0);
    await expect(backend.get('unknown')).rejects.toThrow(/closed/);
    expect(await connections()).toBe(0);
  });
});

describe('a Redis that can’t be reached at start', () => {
  it('is told at once, with cause, host and port and without the password', async () => {
    const port = await freePort();
    const backend = RedisBackend.fromUrl(`redis://somebody:hunter2@127.0.0.1:${port}`);
    const app = await start('express', backend);
    const told = () => app.logs.lines.filter((line) => line.includes('Redis at'));
    await until('it is told', () => told().length > 0);
    expect(told()).toEqual([expect.stringContaining(`127.0.0.1:${port}`)]);
    expect(told()[0]).toMatch(/can't be used \(ECONNREFUSED\)\./);
    expect((await app.browser().get('/visits')).status).toBe(503);
    expect(app.logs.lines.join()).not.toContain('hunter2');
    expect(told()).toHaveLength(1);
  });

  it('is told where it refuses the password', async () => {
    const locked = await RedisServer.start();
    await locked.with((client) => client.config('SET', 'requirepass', 'open sesame'));
    const backend = RedisBackend.fromUrl(`redis://:hunter2@127.0.0.1:${locked.port}`);
    const app = await start('express', backend);
    const told = () => app.logs.lines.filter((line) => line.includes('Redis at'));
    await until('it is told', () => told().length > 0);
    expect(told()[0]).toMatch(/can't be used \(WRONGPASS/);
    expect(app.logs.lines.join()).not.toContain('hunter2');
    await app.stop();
    await locked.stop();
  });

  it('is told where it has no such database, and no other one is used', async () => {
    const backend = RedisBackend.fromUrl(`${server.url}/99`);
    const app = await start('express', backend);
    const told = () => app.logs.lines.filter((line) => line.includes('Redis at'));
    await until('it is told', () => told().length > 0);
    expect(told()[0]).toMatch(/DB index is out of range/);
    for (let tries = 0; tries < 5; tries++) {
      expect((await app.browser().get('/visits')).status).toBe(503);
    }
    expect(await server.with((client) => client.dbsize())).toBe(0);
    expect(told()).toHaveLength(1);
    await app.stop();
    await until('it is closed', async () => (await connections()) === 0);
  }, 20_000);

  it('serves as soon as it is there', async () => {
    const late = await RedisServer.start();
    await late.kill();
    const app = await start('express', RedisBackend.fromUrl(late.url));
    await until('it is told', () => app.logs.lines.some((line) => /ECONNREFUSED/.test(line)));
    late.restart();
    const isReached = (line: string) => /Redis at .* is reached/.test(line);
    await until('it is reached', () => app.logs.lines.some(isReached));
    await visitTwice(app);
    await app.stop();
    await late.stop();
  });
});

describe('an application with a wrong URL', () => {
  it('does not start', async () => {
    @Module({
      imports: [
        SessionModule.forRootAsync({
          useFactory: () => ({
            secret: SECRET,
            backend: RedisBackend.fromUrl('redis://:hunter2@127.0.0.1/sessions'),
          }),
        }),
      ],
    })
    class AppModule {}
    const logger = new LogLines();
    const starting = NestFactory.create(AppModule, { logger, abortOnError: false });
    await expect(starting).rejects.toThrow(/number of a database/);
    expect(logger.lines.join()).not.toContain('hunter2');
  });
});
