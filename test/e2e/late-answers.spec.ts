import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { Controller, Get, Post } from '@nestjs/common';
import {
  MemoryBackend,
  Session,
  type SessionModuleOptions,
  type SessionRecord,
} from 'nestjs-server-session';
import { TestApp } from '../support/app.js';

/** Reads at once and answers late, as a connection does that stalls. */
class LateBackend extends MemoryBackend {
  lateMs = 0;

  override async get(id: string): Promise<SessionRecord | null> {
    const record = await super.get(id);
    await sleep(this.lateMs);
    return record;
  }
}

@Controller()
class VisitsController {
  @Post()
  begin(@Session() session: Session) {
    session.visits = 7;
  }
  @Get()
  read(@Session() session: Session) {
    return { visits: session.visits ?? null };
  }
}

let app: TestApp;
afterEach(() => app.stop());

async function start(session: Partial<SessionModuleOptions>) {
  const backend = new LateBackend();
  app = await TestApp.start({
    adapter: 'express',
    session: { backend, backendTimeout: '5s', ...session },
    controllers: [VisitsController],
  });
  const browser = app.browser();
  await browser.post('/');
  return { backend, browser };
}

it('a session that was alive when it was read is one, however late the answer comes', async () => {
  const { backend, browser } = await start({ idleTimeout: '3s' });
  await sleep(1500);
  backend.lateMs = 2000;
  const answer = await browser.get('/');
  expect(answer.json()).toEqual({ visits: 7 });
});

it('one that had ended by then is none', async () => {
  const { backend, browser } = await start({ idleTimeout: '1s' });
  await sleep(1050);
  backend.lateMs = 50;
  expect((await browser.get('/')).json()).toEqual({ visits: null });
});

it('a token in its grace is one too', async () => {
  const { backend, browser } = await start({ renewInterval: '2100ms', renewGrace: '2s' });
  const late = browser.copy();
  await sleep(2150);
  await browser.get('/');
  expect(browser.cookies).not.toEqual(late.cookies);
  await sleep(1000);
  backend.lateMs = 1300;
  expect((await late.get('/')).json()).toEqual({ visits: 7 });
}, 15_000);
