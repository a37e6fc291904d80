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
import {
  fakeSession,
  sessionBackendContract,
  signedIn,
  testSessions,
} from 'nestjs-server-session/testing';
import request from 'supertest';
import { AppController, AppModule } from './app.module.js';

let app: INestApplication;
const backend = testSessions();

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
  expect(backend).toBeInstanceOf(MemoryBackend);
});

it('has a client that is signed in, and a clock', async () => {
  const ada = await signedIn(app, 'ada', { visits: 4 });
  const visits = () => request(app.getHttpServer()).get('/visits').set(ada.headers);
  expect((await visits()).text).toBe('5');
  backend.advance('15d');
  expect((await visits()).text).toBe('1');
});

it('has a session for a controller by itself', () => {
  const controller = new AppController(app.get(SessionService));
  expect(controller.visits(fakeSession({ visits: 2 }))).toBe(3);
});

it('has the service, the errors and the contract', async () => {
  await expect(app.get(SessionService).get('unknown')).resolves.toBeNull();
  expect(new SessionGoneError('a')).toBeInstanceOf(Error);
  expect(typeof sessionBackendContract).toBe('function');
});
