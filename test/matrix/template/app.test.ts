import 'reflect-metadata';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  MemoryBackend,
  SESSION_BACKEND,
  SessionGoneError,
  SessionService,
} from 'nestjs-server-session';
import { sessionBackendContract } from 'nestjs-server-session/testing';
import { AppModule } from './app.module.js';

let app: INestApplication;
const backend = new MemoryBackend();

beforeAll(async () => {
  const builder = Test.createTestingModule({ imports: [AppModule] });
  const module = await builder.overrideProvider(SESSION_BACKEND).useValue(backend).compile();
  app = module.createNestApplication();
  await app.listen(0, '127.0.0.1');
});

afterAll(() => app.close());

it('counts visits over HTTP', async () => {
  const url = `${await app.getUrl()}/visits`;
  const first = await fetch(url);
  expect(await first.text()).toBe('1');
  const cookie = first.headers.get('set-cookie')!.split(';')[0]!;
  expect(await (await fetch(url, { headers: { cookie } })).text()).toBe('2');
  expect(backend.size).toBe(1);
});

it('has the service, the errors and the contract', async () => {
  await expect(app.get(SessionService).get('unknown')).resolves.toBeNull();
  expect(new SessionGoneError('a')).toBeInstanceOf(Error);
  expect(typeof sessionBackendContract).toBe('function');
});
