import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Body, Controller, Get, Header, Post } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Principal, Session, type SessionModuleOptions } from 'nestjs-server-session';
import { signedIn } from 'nestjs-server-session/testing';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { ADAPTERS, TestApp } from '../support/app.js';
import { launchChromium } from '../support/chromium.js';

/** What was done for whom. */
const done: string[] = [];

@Controller()
class BankController {
  @Post('pay')
  pay(@Principal() principal: string | undefined, @Body() _body: unknown) {
    done.push(`pay by ${principal}`);
    return { paid: true };
  }
  @Get('balance')
  @Header('Content-Type', 'text/html')
  balance(@Principal() principal: string | undefined) {
    done.push(`balance of ${principal}`);
    return `<title>balance of ${principal}</title><form method="post" action="/pay"><button>Pay</button></form>`;
  }
}

@WebSocketGateway()
class BankGateway {
  @SubscribeMessage('whose')
  whose(@Session() session: Session) {
    done.push(`message of ${session.principal}`);
    return { event: 'whose', data: session.principal ?? null };
  }
}

/** Hosts that a browser finds at home: one site with two hosts, and another site. */
const BANK = 'bank.test.localhost';
const SIBLING = 'blog.test.localhost';
const OTHER = 'evil.localhost';

describe.each(ADAPTERS)('other sites in Chromium, before %s', (adapter) => {
  let chromium: Browser;
  let context: BrowserContext;
  let page: Page;
  let app: TestApp;
  let pages: Server;
  let bank: string;
  beforeAll(async () => {
    chromium = await launchChromium();
    // Pages of other sites: their scripts come from the test.
    pages = createServer((request, response) => {
      response.setHeader('Content-Type', 'text/html');
      if (request.url === '/hidden') response.setHeader('Referrer-Policy', 'no-referrer');
      response.end('<!doctype html><title>a page</title>');
    }).listen(0, '127.0.0.1');
    await once(pages, 'listening');
  }, 30_000);
  afterAll(async () => {
    await chromium.close();
    pages.close();
  });

  beforeEach(async () => {
    done.length = 0;
    context = await chromium.newContext();
    page = await context.newPage();
  });
  afterEach(async () => {
    await context.close();
    await app.stop();
  });

  const at = (host: string, path = '/') =>
    `http://${host}:${(pages.address() as AddressInfo).port}${path}`;

  /** Signed in, with a cookie that browsers send from wherever they may. */
  async function start(options: Partial<SessionModuleOptions> = {}): Promise<void> {
    app = await TestApp.start({
      adapter,
      session: { cookie: { sameSite: 'none', secure: true }, ...options },
      controllers: [BankController],
      providers: [BankGateway],
      prepare: (nest) => {
        nest.useWebSocketAdapter(new WsAdapter(nest));
        nest.enableCors({ origin: true, credentials: true });
      },
    });
    bank = `http://${BANK}:${new URL(app.url).port}`;
    const ada = await signedIn(app.app, 'ada');
    await context.addCookies(ada.cookies(bank));
  }

  /** What a page can do to another, each as it would: what it is answered, or 0 where no page is told. */
  const DEEDS = {
    form: async () => {
      const url = `${bank}/pay`;
      const leaving = page.waitForResponse(url);
      await page.evaluate(`
        document.body.innerHTML = '<form method="post" action="${url}"><input name="to" value="me"></form>';
        document.forms[0].submit();
      `);
      const status = (await leaving).status();
      await page.waitForURL(url);
      return status;
    },
    'fetch without CORS': () =>
      page.evaluate<number>(
        `fetch('${bank}/pay', { method: 'POST', mode: 'no-cors', credentials: 'include' }).then(() => 0)`,
      ),
    'fetch with CORS': () =>
      page.evaluate<number>(
        `fetch('${bank}/pay', { method: 'POST', credentials: 'include' }).then(({ status }) => status)`,
      ),
    beacon: async () => {
      const sent = page.waitForEvent('requestfinished');
      await page.evaluate(`navigator.sendBeacon('${bank}/pay', 'to=me')`);
      await sent;
      return 0;
    },
  };

  /** What a WebSocket of the page is told, or that it was closed. */
  const socket = () =>
    page.evaluate<string | null>(`new Promise((resolve) => {
      const socket = new WebSocket('${bank.replace('http', 'ws')}');
      socket.onopen = () => socket.send('{"event":"whose"}');
      socket.onmessage = ({ data }) => resolve(JSON.parse(data).data);
      socket.onclose = () => resolve('closed');
    })`);

  const byAda = () => done.filter((each) => each.endsWith(' ada'));

  it.each(Object.keys(DEEDS) as (keyof typeof DEEDS)[])(
    'do nothing in the name of who is signed in: %s',
    async (deed) => {
      await start();
      for (const from of [at(OTHER), at(SIBLING), at(SIBLING, '/hidden')]) {
        await page.goto(from);
        await DEEDS[deed]();
      }
      expect(byAda()).toEqual([]);
      await page.goto(`${bank}/balance`);
      await DEEDS[deed]();
      expect(byAda()).toEqual(['balance of ada', 'pay by ada']);
    },
  );

  it('would without it', async () => {
    await start({ crossSite: 'allow' });
    // Chromium sends other sites' requests without cookies, but for a form’s: those of a host of one site have them.
    await page.goto(at(SIBLING));
    await DEEDS['fetch without CORS']();
    expect(await DEEDS['fetch with CORS']()).toBe(201);
    await DEEDS.beacon();
    expect(await socket()).toBe('ada');
    await page.goto(at(OTHER));
    expect(await DEEDS.form()).toBe(201);
    expect(byAda()).toEqual([
      ...Array<string>(3).fill('pay by ada'),
      'message of ada',
      'pay by ada',
    ]);
  });

  it('open no socket', async () => {
    await start();
    await page.goto(at(SIBLING));
    expect(await socket()).toBe('closed');
    await page.goto(at(OTHER));
    expect([null, 'closed']).toContain(await socket());
    expect(byAda()).toEqual([]);
    await page.goto(`${bank}/balance`);
    expect(await socket()).toBe('ada');
  });

  it('are told so by a 403', async () => {
    await start();
    await page.goto(at(SIBLING));
    expect(await DEEDS['fetch with CORS']()).toBe(403);
    expect(await DEEDS.form()).toBe(403);
  });

  it('do, where they are trusted', async () => {
    await start({ trustedOrigins: [new URL(at(SIBLING)).origin] });
    await page.goto(at(SIBLING));
    expect(await DEEDS['fetch with CORS']()).toBe(201);
    expect(await socket()).toBe('ada');
    expect(done).toEqual(['pay by ada', 'message of ada']);
  });

  it('lead to the application, and show its pictures', async () => {
    await start();
    await page.goto(at(OTHER));
    const url = `${bank}/balance`;
    await page.evaluate(`document.body.innerHTML = '<a href="${url}">look</a><img src="${url}">'`);
    await page.click('a');
    await page.waitForURL(`${bank}/balance`);
    expect(await page.title()).toBe('balance of ada');
    await page.click('button');
    await page.waitForURL(`${bank}/pay`);
    expect(done.filter((each) => each === 'pay by ada')).toHaveLength(1);
  });
});
