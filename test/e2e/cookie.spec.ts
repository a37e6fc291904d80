import { Controller, Get, Header, Res } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { afterEach, describe, expect, it } from 'vitest';
import { sign } from 'cookie-signature';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { MemoryBackend, Session, type SessionModuleOptions } from 'nestjs-server-session';
import { ADAPTERS, SECRET, TestApp } from '../support/app.js';

@Controller()
class CookieController {
  @Get('write')
  write(@Session() session: Session) {
    session.increment('visits');
  }
  @Get('read')
  read(@Session() session: Session) {
    return { visits: session.visits };
  }
  @Get('plain')
  plain() {
    return 'plain';
  }
  @Get('cached')
  @Header('Cache-Control', 'private, max-age=5')
  @Header('Vary', 'Origin')
  cached(@Session() session: Session) {
    session.increment('visits');
  }
  @Get('public')
  @Header('Cache-Control', 'public, max-age=3600')
  public() {
    return 'for everybody';
  }
  @Get('end')
  async end(@Session() session: Session) {
    await session.destroy();
  }
  @Get('id')
  id(@Session() session: Session) {
    return session.id;
  }
  @Get('other')
  other(
    @Session() session: Session,
    @Res({ passthrough: true }) reply: { header(name: string, value: string): unknown },
  ) {
    session.increment('visits');
    reply.header('Set-Cookie', 'mine=1');
  }
}

describe.each(ADAPTERS)('the cookie, on %s', (adapter) => {
  let app: TestApp;
  afterEach(() => app.stop());

  async function start(session: Partial<SessionModuleOptions> = {}, trustsProxy = false) {
    app = await TestApp.start({
      adapter:
        adapter === 'fastify' && trustsProxy ? new FastifyAdapter({ trustProxy: true }) : adapter,
      session,
      controllers: [CookieController],
      prepare: (nest) => {
        if (adapter === 'express' && trustsProxy) {
          (nest as NestExpressApplication).set('trust proxy', true);
        }
      },
    });
    return app.browser();
  }
  const https = { 'X-Forwarded-Proto': 'https' };

  it('is Secure where a trusted proxy says that the request came by https', async () => {
    const browser = await start({}, true);
    expect((await browser.get('/write', https)).setCookies[0]).toMatch(/; Secure/);
    expect((await app.browser().get('/write')).setCookies[0]).not.toMatch(/Secure/);
  });

  it('takes nobody’s word for https who is not trusted', async () => {
    const browser = await start();
    expect((await browser.get('/write', https)).setCookies[0]).not.toMatch(/Secure/);
  });

  it('is SameSite=None on secure connections and Lax on others where that is left to them', async () => {
    const browser = await start({ cookie: { sameSite: 'auto' } }, true);
    expect((await browser.get('/write', https)).setCookies[0]).toMatch(/; Secure; SameSite=None/);
    expect((await app.browser().get('/write')).setCookies[0]).toMatch(/; HttpOnly; SameSite=Lax$/);
  });

  it('looks as a function of the request says, its name included', async () => {
    const asked: string[] = [];
    const cookie = ({ headers }: { headers: Record<string, string> }) => {
      asked.push(headers['x-tenant']!);
      return { name: `sid-${headers['x-tenant']}`, httpOnly: headers['x-tenant'] !== 'b' };
    };
    const browser = await start({ cookie });
    const [a, b] = [{ 'X-Tenant': 'a' }, { 'X-Tenant': 'b' }];
    expect((await browser.get('/write', a)).setCookies[0]).toMatch(/^sid-a=.*HttpOnly/);
    expect((await browser.get('/write', b)).setCookies[0]).toMatch(/^sid-b=((?!HttpOnly).)*$/);
    expect((await browser.get('/write', a)).setCookies).toEqual([]);
    expect((await browser.get('/read', a)).json()).toEqual({ visits: 2 });
    expect((await browser.get('/read', b)).json()).toEqual({ visits: 1 });
    expect((await browser.get('/end', a)).setCookies[0]).toMatch(/^sid-a=; Max-Age=0/);
    // Once for each request whose session is asked for, and for no other.
    await browser.get('/plain', a);
    expect(asked.join('')).toBe('abaabaa');
  });

  it('is none where a function of the request says what cannot be', async () => {
    const browser = await start({ cookie: () => ({ sameSite: 'none', secure: false }) });
    expect((await browser.get('/write')).status).toBe(500);
    expect(app.logs.lines.join('\n')).toMatch(
      /cookie of this request do not work:\n.*needs cookie/,
    );
  });

  it('lives as long as the session, or until the browser is closed', async () => {
    expect((await (await start({ idleTimeout: '1h' })).get('/write')).setCookies[0]).toMatch(
      /; Max-Age=3600;/,
    );
    await app.stop();
    expect((await (await start({ absoluteTimeout: 90 })).get('/write')).setCookies[0]).toMatch(
      /; Max-Age=90;/,
    );
    await app.stop();
    const browser = await start({ cookie: { persistent: false }, touchInterval: 0 });
    expect((await browser.get('/write')).setCookies[0]).not.toMatch(/Max-Age|Expires/);
    expect((await browser.get('/read')).setCookies).toEqual([]);
  });

  it('keeps its response out of caches, unless the handler decides', async () => {
    const browser = await start();
    expect((await browser.get('/write')).headers.get('cache-control')).toBe('no-store');
    expect((await browser.get('/read')).headers.get('cache-control')).toBeNull();
    const cached = await app.browser().get('/cached');
    expect(cached.headers.get('cache-control')).toBe('private, max-age=5');
    expect(cached.setCookies).toHaveLength(1);
  });

  it('makes responses vary that used the session, and only these', async () => {
    const browser = await start();
    expect((await browser.get('/read')).headers.get('vary')).toBe('Cookie');
    expect((await browser.get('/cached')).headers.get('vary')).toBe('Origin, Cookie');
    expect((await browser.get('/plain')).headers.get('vary')).toBeNull();
  });

  it('leaves other cookies alone', async () => {
    const browser = await start();
    expect((await browser.get('/other')).setCookies).toEqual([
      'mine=1',
      expect.stringMatching(/^sid=/),
    ]);
  });

  it.each([true, false])(
    'is verified by an older secret, and set anew by the first (persistent: %s)',
    async (persistent) => {
      const [old, fresh] = ['o'.repeat(32), 'n'.repeat(32)];
      const backend = new MemoryBackend();
      const options = { backend, cookie: { persistent }, touchInterval: 0 };
      const first = await start({ ...options, secret: old });
      await first.get('/write');
      await app.stop();
      const second = await start({ ...options, secret: [fresh, old] });
      Object.assign(second.cookies, first.cookies);
      expect((await second.get('/read')).json()).toEqual({ visits: 1 });
      await app.stop();
      const third = await start({ ...options, secret: fresh });
      Object.assign(third.cookies, second.cookies);
      expect((await third.get('/read')).json()).toEqual({ visits: 1 });
    },
  );

  it('never goes out on a response that shared caches may keep', async () => {
    const browser = await start({ touchInterval: 0 });
    await browser.get('/write');
    const answer = await browser.get('/public');
    expect(answer.setCookies).toHaveLength(1);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('vary')).toBe('Cookie');
    const stranger = await app.browser().get('/public');
    expect(stranger.setCookies).toEqual([]);
    expect(stranger.headers.get('cache-control')).toBe('public, max-age=3600');
  });

  it('is found behind another of its name that is signed and dead', async () => {
    const browser = await start();
    await browser.get('/write');
    const dead = app.browser();
    await dead.get('/write');
    const deadCookie = `sid=${encodeURIComponent(dead.cookies['sid']!)}`;
    await dead.get('/end');
    const cookie = `${deadCookie}; sid=${encodeURIComponent(browser.cookies['sid']!)}`;
    expect((await app.browser().get('/read', { cookie })).json()).toEqual({ visits: 1 });
  });

  it('is the only way in: no query, no other header, and no id in a token’s place', async () => {
    const browser = await start();
    await browser.get('/write');
    const sid = encodeURIComponent(browser.cookies['sid']!);
    const id = (await browser.get('/id')).text;
    const stranger = app.browser();
    const headers: Record<string, string>[] = [
      { 'x-sid': sid, authorization: `Bearer ${sid}` },
      { cookie: `sid=${encodeURIComponent(`s:${sign(id, SECRET)}`)}` },
    ];
    for (const each of headers) {
      expect((await stranger.get(`/read?sid=${sid}`, each)).json()).toEqual({});
    }
  });
});
