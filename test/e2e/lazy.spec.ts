import { Controller, Get, Req } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { MemoryBackend, Session } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';

const loads: string[] = [];

class CountingBackend extends MemoryBackend {
  override get(id: string) {
    loads.push(id);
    return super.get(id);
  }
}

@Controller()
class LazyController {
  @Get('ask')
  ask(@Session() session: Session, @Req() request: { session?: Session }) {
    return { visits: session.increment('visits'), isSame: request.session === session };
  }
  @Get('plain')
  plain() {
    return { isPlain: true };
  }
}

describe.each(ADAPTERS)("load: 'lazy', on %s", (adapter) => {
  let app: TestApp;
  beforeAll(async () => {
    const session = { load: 'lazy', backend: new CountingBackend() } as const;
    app = await TestApp.start({ adapter, session, controllers: [LazyController] });
  });
  afterAll(() => app.stop());

  it('a session is loaded when a handler asks, and saved before the answer', async () => {
    const browser = app.browser();
    await browser.get('/ask');
    expect((await browser.get('/ask')).json()).toEqual({ visits: 2, isSame: true });
  });

  it('a route that does not ask loads nothing', async () => {
    const browser = app.browser();
    await browser.get('/ask');
    loads.length = 0;
    const answer = await browser.get('/plain');
    expect(answer.json()).toEqual({ isPlain: true });
    expect(loads).toEqual([]);
    expect(answer.headers.get('vary')).toBeNull();
  });

  it('registers no interceptor', () => {
    expect(() => app.app.get(APP_INTERCEPTOR)).toThrow();
  });
});
