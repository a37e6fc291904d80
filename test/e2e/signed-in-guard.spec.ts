import { Controller, Get, UseGuards } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { afterEach, describe, expect, it } from 'vitest';
import {
  AllowAnonymous,
  MemoryBackend,
  Principal,
  SignedInGuard,
  SignedInWithin,
} from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import type { Browser } from '../support/browser.js';
import { idIn, signedInAgo } from '../support/ageing.js';
import { PrincipalController } from '../support/principal-controller.js';

@Controller()
class GuardedController {
  @Get('mine')
  @UseGuards(SignedInGuard)
  mine(@Principal() principal: string) {
    return { principal };
  }
  @Get('danger')
  @SignedInWithin('10m')
  danger(@Principal() principal: string) {
    return { principal };
  }
  @Get('open')
  @AllowAnonymous()
  open(@Principal() principal?: string) {
    return { principal };
  }
}

describe.each(ADAPTERS)('SignedInGuard, on %s', (adapter) => {
  let app: TestApp;
  let backend: MemoryBackend;
  afterEach(() => app.stop());

  async function start(isGlobal = false): Promise<Browser> {
    backend = new MemoryBackend();
    AllowAnonymous()(PrincipalController.prototype.signIn);
    app = await TestApp.start({
      adapter,
      session: { backend },
      controllers: [GuardedController, PrincipalController],
      providers: isGlobal ? [{ provide: APP_GUARD, useClass: SignedInGuard }] : [],
    });
    return app.browser();
  }

  it('answers 401 to who is not signed in, and lets in who is', async () => {
    const browser = await start();
    expect((await browser.get('/mine')).status).toBe(401);
    await browser.post('/sign-in/ada');
    expect((await browser.get('/mine')).json()).toEqual({ principal: 'ada' });
    await browser.post('/sign-out');
    expect((await browser.get('/mine')).status).toBe(401);
  });

  it('guards the whole application, apart from what allows anonymous visitors', async () => {
    const browser = await start(true);
    expect((await browser.get('/me')).status).toBe(401);
    expect((await browser.get('/open')).json()).toEqual({});
    await browser.post('/sign-in/ada');
    expect((await browser.get('/me')).status).toBe(200);
    expect((await browser.get('/open')).json()).toEqual({ principal: 'ada' });
  });

  it('asks for another sign-in where the last one is too long ago', async () => {
    const browser = await start();
    expect((await browser.get('/danger')).status).toBe(401);
    expect((await browser.get('/danger')).headers.get('www-authenticate')).toBeNull();
    await browser.post('/sign-in/ada');
    expect((await browser.get('/danger')).status).toBe(200);
    await signedInAgo(backend, idIn(browser), 11 * 60_000);
    const refused = await browser.get('/danger');
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe(
      'Bearer error="insufficient_user_authentication", max_age="600"',
    );
    expect(refused.json()).toMatchObject({ max_age: 600 });
    expect((await browser.get('/mine')).status).toBe(200);
    await browser.post('/sign-in/ada');
    expect((await browser.get('/danger')).status).toBe(200);
  });

  it('by the clock that begins sessions, whatever this machine’s says', async () => {
    const browser = await start();
    let aheadMs = 0;
    Object.assign(backend, { now: () => Date.now() + aheadMs });
    await browser.post('/sign-in/ada');
    expect((await browser.get('/danger')).status).toBe(200);
    aheadMs = 11 * 60_000;
    expect((await browser.get('/danger')).status).toBe(401);
  });

  it('says what to write for a duration that is none', async () => {
    await start();
    expect(() => SignedInWithin('soon')).toThrow(/@SignedInWithin is given 'soon'/);
  });
});
