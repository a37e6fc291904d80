import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Controller, Get, HttpCode, Post, Req } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryBackend, Session } from 'nestjs-server-session';
import { ADAPTERS, TestApp } from '../support/app.js';
import type { Browser } from '../support/browser.js';
import { Gate, GatedBackend } from '../support/gated-backend.js';
import { RawRequest } from '../support/raw-client.js';
import { until } from '../support/until.js';

let gate: Gate;
/** Settles when the server has seen the client go. */
let gone: Promise<unknown>;

@Controller()
class SecondFactorController {
  @Get('session')
  show(@Session() session: Session) {
    return { ...session };
  }
  @Post('password')
  @HttpCode(200)
  password(@Session() session: Session) {
    session.visits = 1;
  }
  /** Signs in too early, and takes it back where the code is wrong. */
  @Post('code')
  @HttpCode(200)
  async code(@Session() session: Session, @Req() request: { raw?: IncomingMessage }) {
    const { socket } = request.raw ?? (request as IncomingMessage);
    gone = once(socket, 'close');
    session.userId = 'admin';
    await gate.pass();
    delete session.userId;
    session.increment('visits');
    return 'done';
  }
}

const LOADS = ['eager', 'lazy'] as const;
const CELLS = ADAPTERS.flatMap((adapter) => LOADS.map((load) => ({ adapter, load })));

describe.each(CELLS)('a client that goes away, on $adapter, $load', ({ adapter, load }) => {
  let backend: GatedBackend;
  let app: TestApp;
  let browser: Browser;

  beforeEach(async () => {
    gate = new Gate();
    backend = new GatedBackend(new MemoryBackend());
    const controllers = [SecondFactorController];
    app = await TestApp.start({ adapter, session: { backend, load }, controllers });
    browser = app.browser();
    await browser.post('/password');
  });
  afterEach(() => app.stop());

  const data = async () => (await browser.get('/session')).json();

  it('commits nothing that a running handler has only half done; what it ends with is saved', async () => {
    const cookie = `sid=${encodeURIComponent(browser.cookies['sid']!)}`;
    const request = await RawRequest.send(app.url, 'POST', '/code', { cookie });
    await gate.reached;
    request.abort();
    await gone;
    expect(await data()).toEqual({ visits: 1 });
    expect(backend.writes).toEqual(['create']);
    gate.open();
    await until('the handler’s end is saved', () => backend.writes.length > 1);
    expect(await data()).toEqual({ visits: 2 });
  });
});
