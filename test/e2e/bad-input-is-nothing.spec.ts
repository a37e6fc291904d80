import { request } from 'node:http';
import { once } from 'node:events';
import { sign } from 'cookie-signature';
import { Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { expect, it } from 'vitest';
import { Session, type SessionRecord } from 'nestjs-server-session';
import { tokenIn } from '../support/ageing.js';
import { SECRET } from '../support/app.js';
import { forged } from '../support/browser.js';
import { onEveryBackend } from '../support/matrix.js';

const VALUES: Record<string, () => unknown> = {
  bigint: () => 10n,
  function: () => () => 1,
  cycle: () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    return cycle;
  },
  map: () => new Map(),
};

@Controller()
class InputController {
  @Get('session')
  show(@Session() session: Session) {
    return { data: { ...session }, isNew: session.isNew };
  }
  @Get('id')
  id(@Session() session: Session) {
    return session.id;
  }
  @Get('cart')
  cart(@Session() session: Session) {
    return { cart: session.cart ?? null, data: { ...session } };
  }
  @Post('write')
  @HttpCode(200)
  write(@Session() session: Session) {
    session.userId = 'ada';
    session.cart = { items: [] };
  }
  @Post('value')
  @HttpCode(200)
  value(@Session() session: Session, @Query('kind') kind: string) {
    session.userId = 'eve';
    session.anything = VALUES[kind]!();
    return 'body';
  }
}

onEveryBackend(
  'bad input is nothing',
  { transport: 'cookie', controllers: [InputController] },
  (cell) => {
    async function started() {
      const browser = cell.app.browser();
      await browser.post('/write');
      return browser;
    }

    const headers: Record<string, (sid: string) => string> = {
      garbage: () => 'sid=garbage',
      'of a live session, with another signature': (sid) =>
        `sid=${encodeURIComponent(forged(decodeURIComponent(sid)))}`,
      forged: (sid) => `sid=${sid.slice(0, 20)}${sid[20] === 'A' ? 'B' : 'A'}${sid.slice(21)}`,
      'signed with another secret': () =>
        `sid=${encodeURIComponent(`s:${sign('a'.repeat(65), 'x'.repeat(40))}`)}`,
      truncated: (sid) => `sid=${sid.slice(0, -1)}`,
      'wrongly encoded': (sid) => `sid=${sid}%`,
      huge: () => `sid=s%3A${'a'.repeat(10_000)}`,
      'signed and unknown': () => `sid=${encodeURIComponent(`s:${sign('a'.repeat(65), SECRET)}`)}`,
      'of odd separators': () => ';;; =; sid; =sid; ,sid=',
    };

    it.each(Object.keys(headers))('a cookie that is %s is an anonymous request', async (name) => {
      const browser = await started();
      const cookie = headers[name]!(encodeURIComponent(browser.cookies['sid']!));
      const answer = await cell.app.browser().get('/session', { cookie });
      expect([answer.status, answer.json()]).toEqual([200, { data: {}, isNew: true }]);
      expect(answer.setCookies).toEqual([]);
    });

    it('bytes that are no text are an anonymous request', async () => {
      const sent = request(`${cell.app.url}/session`, {
        headers: { cookie: 'sid=\x80\xff\xfe' },
      }).end();
      const [response] = (await once(sent, 'response')) as [{ statusCode: number; resume(): void }];
      response.resume();
      expect(response.statusCode).toBe(200);
    });

    it('a good cookie among bad ones of its name is found', async () => {
      const browser = await started();
      const cookie = `sid=bad; sid=${encodeURIComponent(browser.cookies['sid']!)}; sid=worse`;
      const answer = await cell.app.browser().get('/session', { cookie });
      expect(answer.json()).toMatchObject({ isNew: false });
    });

    it.each(Object.keys(VALUES))(
      'a value JSON can’t hold (%s): an error, nothing saved',
      async (kind) => {
        const answer = await cell.app.browser().post(`/value?kind=${kind}`);
        expect(answer.status).toBe(500);
        expect(answer.setCookies).toEqual([]);
        expect(answer.text).not.toContain('body');
        expect(cell.app.logs.lines.join('\n')).toMatch(/session\.anything can't be saved/);

        const browser = await started();
        expect((await browser.post(`/value?kind=${kind}`)).status).toBe(500);
        const data = { userId: 'ada', cart: { items: [] } };
        expect((await browser.get('/session')).json()).toEqual({ data, isNew: false });
      },
    );

    it.each<[string, Record<string, string | undefined>]>([
      ['an undecodable time', { $created: 'yesterday' }],
      ['a missing time', { $seen: undefined }],
      ['an undecodable lifetime', { $idle: 'soon' }],
      ['no hash of a secret', { $hash: undefined }],
      ['no generation', { $gen: undefined }],
      ['an undecodable field', { cart: '{"items":' }],
    ])('a record with %s is logged by id and is no session', async (_, changes) => {
      const browser = await started();
      const id = (await browser.get('/id')).text;
      const record = { ...(await cell.backend.backend.get(id))!, ...changes };
      for (const field in record) if (record[field] === undefined) delete record[field];
      await cell.backend.backend.set(id, record as SessionRecord, 60);
      const token = browser.cookies['sid'];
      const answer = await browser.get('/cart');
      expect([answer.status, answer.json()]).toEqual([200, { cart: null, data: {} }]);
      const logged = cell.app.logs.lines.filter((line) => line.includes(id));
      expect(logged).toEqual([expect.stringContaining("can't be decoded")]);
      await browser.post('/write');
      expect(browser.cookies['sid']).not.toBe(token);
      expect((await browser.get('/session')).json()).toMatchObject({ isNew: false });
    });

    it('neither a token nor a value is ever logged', async () => {
      const browser = await started();
      await browser.post('/value?kind=cycle');
      const lines = cell.app.logs.lines.join('\n');
      expect(lines).not.toContain(tokenIn(browser.cookies['sid']!).slice(22));
      expect(lines).not.toContain('eve');
    });
  },
);
