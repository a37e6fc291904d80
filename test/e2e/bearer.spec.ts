import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  MemoryBackend,
  type SessionModuleOptions,
  SessionOptionsError,
  SessionService,
} from 'nestjs-server-session';
import { age } from '../support/ageing.js';
import { ADAPTERS, SECRET, TestApp } from '../support/app.js';
import { BearerController } from '../support/bearer-controller.js';
import { type Answer, forged } from '../support/browser.js';
import { GatedBackend } from '../support/gated-backend.js';
import { RawRequest } from '../support/raw-client.js';
import { until } from '../support/until.js';

const MINUTE_MS = 60_000;
const OLD_SECRET = 'an older secret of 32 characters or more';
const SIGNED = /^[\w-]{65}\.[A-Za-z0-9+/]{43}$/;
const JWT =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U';

/** What an answer says of a token, by either way. */
const tellings = ({ headers, setCookies }: Pick<Answer, 'headers' | 'setCookies'>) => ({
  header: headers.get('session-token'),
  cookies: setCookies,
});
const NOTHING = { header: null, cookies: [] };

describe.each(ADAPTERS)('bearer, on %s', (adapter) => {
  const backend = new GatedBackend(new MemoryBackend());
  const apps: TestApp[] = [];
  let app: TestApp;
  let secret: string | string[] = SECRET;

  async function start(session: Partial<SessionModuleOptions> = {}) {
    const started = await TestApp.start({
      adapter,
      session: { backend, secret, transports: ['cookie', 'bearer'], ...session },
      controllers: [BearerController],
      prepare: (nest) => nest.enableCors({ exposedHeaders: ['Session-Token'], origin: true }),
    });
    apps.push(started);
    return started;
  }
  beforeAll(async () => {
    app = await start();
  });
  afterEach(async () => {
    backend.beforeRead = async () => {};
    backend.beforeWrite = async () => {};
    secret = SECRET;
    await Promise.all(apps.splice(1).map((each) => each.stop()));
  });
  afterAll(() => Promise.all(apps.map((each) => each.stop())));

  const service = () => app.app.get(SessionService);
  const issued = (data = { userId: 'ada' }) => service().issue('ada', { data });
  const by = (token: string) => ({ authorization: `Bearer ${token}` });
  /** What a request is answered that brings nothing but these headers, for clients that may be told either way. */
  async function ask(path: string, headers: Record<string, string>, from = app, how?: string) {
    const isRead = ['/session', '/plain', '/count', '/late'].includes(path);
    const method = how ?? (isRead ? 'GET' : 'POST');
    const response = await fetch(from.url + path, { method, headers });
    const text = await response.text();
    const { status } = response;
    const setCookies = response.headers.getSetCookie();
    return { status, text, headers: response.headers, setCookies, json: () => JSON.parse(text) };
  }
  const dataOf = async (token: string, from = app) =>
    (await ask('/session', by(token), from)).json();
  /** A cookie of a session of its own, as a header. */
  async function cookieOf(from = app) {
    const browser = from.browser();
    await browser.get('/count');
    return `sid=${encodeURIComponent(browser.cookies['sid']!)}`;
  }

  describe('issue', () => {
    it('gives a session’s id and a token, which finds it as bearer and is told nowhere else', async () => {
      const { id, token } = await issued();
      expect(token).toMatch(SIGNED);
      expect(token.slice(0, 22)).toBe(id);
      expect((await service().get(id))?.data).toEqual({ userId: 'ada' });
      const read = await ask('/session', by(token));
      expect([read.json(), tellings(read)]).toEqual([{ userId: 'ada' }, NOTHING]);
      const written = await ask('/count', by(token));
      expect([written.json(), tellings(written)]).toEqual([{ visits: 1 }, NOTHING]);
      expect(written.headers.get('cache-control')).toBe('private, max-age=60');
      expect(await dataOf(token)).toEqual({ userId: 'ada', visits: 1 });
    });

    it('gives a session the life that it is told', async () => {
      const lifetime = { idle: '90d', absolute: '1y' };
      const { id } = await service().issue('ada', { lifetime });
      const { lastSeenAt, expiresAt } = (await service().get(id))!;
      expect(expiresAt.getTime() - lastSeenAt.getTime()).toBe(90 * 24 * 60 * MINUTE_MS);
    });

    it('within a request leaves that one’s session as it is', async () => {
      const browser = app.browser();
      await browser.get('/count');
      const cookie = browser.cookies['sid'];
      const given = await browser.postJson('/issue/ada', { data: { userId: 'ada' } });
      expect(tellings(given)).toEqual(NOTHING);
      expect(browser.cookies['sid']).toBe(cookie);
      expect((await browser.get('/session')).json()).toEqual({ visits: 1 });
      expect(await dataOf(given.json<{ token: string }>().token)).toEqual({ userId: 'ada' });
    });

    it('needs no data', async () => {
      const { id, token } = await service().issue('ada');
      expect(await dataOf(token)).toEqual({});
      expect((await service().get(id))?.principal).toBe('ada');
      expect((await service().list('ada')).map((session) => session.id)).toContain(id);
    });

    it.each<[unknown, object | undefined, RegExp]>([
      [undefined, undefined, /^sessions\.issue\(principal\): the principal is missing/],
      [{ data: { userId: 'ada' } }, undefined, /the principal is no text but a object/],
      ['ada', { data: [1, 2] }, /^A session's data are fields by name: write \{ userId: 'ada' \}/],
      ['ada', { data: 'hunter2' }, /^A session's data are fields by name[^2]*$/],
      ['ada', { lifetim: {} }, /^sessions\.issue\(\): lifetim is no option/],
      ['ada', { data: { id: 'mine' } }, /^session\.id is a member of every session/],
      ['ada', { data: { $gen: 'mine' } }, /names that begin with \$ are reserved/],
      ['ada', { lifetime: { idle: 'soon' } }, /idle is 'soon': write text/],
      ['ada', { lifetime: { absolute: false } }, /must end: give it an absolute lifetime/],
      ['ada', { data: { userId: 10n } }, /userId/],
    ])('refuses %s, %p', async (principal, options, message) => {
      const writes = backend.writes.length;
      await expect(service().issue(principal as never, options as never)).rejects.toThrow(message);
      expect(backend.writes.slice(writes).filter((method) => method === 'update')).toEqual([]);
    });

    it('says what to write where nobody could use the token', async () => {
      const cookies = await start({ transports: ['cookie'] });
      await expect(
        cookies.app.get(SessionService).issue('ada', { data: { userId: 'ada' } }),
      ).rejects.toThrow(/write transports: \['cookie', 'bearer'\] in the options/);
    });

    it('fails where the backend does', async () => {
      backend.beforeWrite = () => Promise.reject(new Error('disk full'));
      await expect(issued()).rejects.toMatchObject({ name: 'SessionBackendError' });
    });
  });

  describe('a token', () => {
    it('of bearer is nothing where bearer is not among the transports, and the other way round', async () => {
      const { token } = await issued();
      const cookie = await cookieOf();
      const [cookies, bearer] = [
        await start({ transports: undefined }),
        await start({ transports: ['bearer'] }),
      ];
      expect(await dataOf(token, cookies)).toEqual({});
      expect(await dataOf(token, bearer)).toEqual({ userId: 'ada' });
      expect((await ask('/session', { cookie }, bearer)).json()).toEqual({});
      expect((await ask('/session', { cookie }, cookies)).json()).toEqual({ visits: 1 });
    });

    it.each(['bearer', 'BEARER', 'Bearer', 'Bearer  '])('is read behind %j', async (scheme) => {
      const { token } = await issued();
      const answer = await ask('/session', { authorization: `${scheme} ${token}` });
      expect(answer.json()).toEqual({ userId: 'ada' });
    });

    const FOREIGN: [name: string, header: (token: string) => string][] = [
      ['a JWT of somebody else', () => `Bearer ${JWT}`],
      ['no token', () => 'Bearer'],
      ['an empty token', () => 'Bearer '],
      ['another scheme', (token) => `Basic ${token}`],
      ['a scheme that begins as ours', (token) => `Bearers ${token}`],
      ['no scheme', (token) => token],
      ['a tab', (token) => `Bearer\t${token}`],
      ['a wrong signature', (token) => `Bearer ${forged(token)}`],
      ['no signature', (token) => `Bearer ${token.slice(0, 65)}`],
      ['the mark of cookies', (token) => `Bearer s:${token}`],
      ['quotes', (token) => `Bearer "${token}"`],
      ['percent-encoding', (token) => `Bearer ${encodeURIComponent(token).replace('.', '%2E')}`],
      ['a list', (token) => `Bearer ${token}, Bearer ${token}`],
      ['more behind it', (token) => `Bearer ${token}=`],
      ['10 KB', () => `Bearer ${'a'.repeat(10_000)}`],
      ['10 KB behind it', (token) => `Bearer ${token}${'a'.repeat(10_000)}`],
      ['10 KB of spaces', (token) => `Bearer ${' '.repeat(10_000)}x${token}`],
    ];

    it.each(FOREIGN)(
      'that is %s is nobody’s, and begins no session by bearer',
      async (_, header) => {
        const authorization = header((await issued()).token);
        const reads = backend.reads;
        const read = await ask('/session', { authorization });
        expect([read.status, read.json(), tellings(read)]).toEqual([200, {}, NOTHING]);
        expect(backend.reads).toBe(reads);
        const ended = await ask('/sign-out', { authorization });
        expect([ended.status, tellings(ended)]).toEqual([200, NOTHING]);
        const begun = await ask('/count', { authorization });
        expect(tellings(begun)).toEqual({
          header: null,
          cookies: [expect.stringMatching(/^sid=/)],
        });
      },
    );

    it('counts as node reads several headers: the first', async () => {
      const { token } = await issued();
      const send = async (one: string, other: string) => {
        const headers = { Authorization: one, authorization: other };
        return (await (await RawRequest.send(app.url, 'GET', '/session', headers)).answer()).body;
      };
      expect(await send(`Bearer ${token}`, `Bearer ${JWT}`)).toContain('ada');
      expect(await send(`Bearer ${JWT}`, `Bearer ${token}`)).not.toContain('ada');
    });
  });

  describe('where a request brings both', () => {
    it.each([
      [['cookie', 'bearer'] as const, { visits: 1 }],
      [['bearer', 'cookie'] as const, { userId: 'ada' }],
    ])('%j: the first counts', async (transports, data) => {
      const both = await start({ transports });
      const headers = { cookie: await cookieOf(), ...by((await issued()).token) };
      expect((await ask('/session', headers, both)).json()).toEqual(data);
      const { header, cookies } = tellings(await ask('/sign-in', headers, both));
      const isCookie = transports[0] === 'cookie';
      expect([header !== null, cookies.length]).toEqual(isCookie ? [false, 1] : [true, 0]);
    });

    it('a cookie whose session has ended leaves it to bearer, and is not touched', async () => {
      const cookie = await cookieOf();
      const { token } = await issued();
      await ask('/sign-out', { cookie });
      const headers = { cookie, ...by(token) };
      expect((await ask('/session', headers)).json()).toEqual({ userId: 'ada' });
      expect(tellings(await ask('/sign-in', headers))).toEqual({
        header: expect.stringMatching(SIGNED),
        cookies: [],
      });
    });

    it('a token that was replaced counts more than one whose session has ended', async () => {
      const cookie = await cookieOf();
      await ask('/sign-out', { cookie });
      const { token } = await issued();
      await ask('/sign-in', by(token));
      const headers = { cookie, ...by(token) };
      const written = await ask('/count', headers);
      expect([written.status, tellings(written)]).toEqual([200, NOTHING]);
      expect(tellings(await ask('/sign-in', headers))).toEqual({
        header: expect.stringMatching(SIGNED),
        cookies: [],
      });
    });

    it.each(['/sign-in', '/sign-out'])('%s by a cookie is told by a cookie alone', async (path) => {
      const cookie = await cookieOf();
      const { token } = await issued();
      for (const other of [{ authorization: `Bearer ${JWT}` }, by(token)]) {
        const headers = { cookie: await cookieOf(), ...other };
        expect(tellings(await ask(path, headers))).toEqual({
          header: null,
          cookies: [expect.stringMatching(/^sid=/)],
        });
      }
      expect((await ask('/session', { cookie })).json()).toEqual({ visits: 1 });
      expect(await dataOf(token)).toEqual({ userId: 'ada' });
    });
  });

  describe('a new session', () => {
    it('is told by a cookie to a client that brings no token', async () => {
      for (const transports of [['cookie', 'bearer'] as const, ['bearer', 'cookie'] as const]) {
        const answer = await ask('/count', {}, await start({ transports }));
        expect(tellings(answer)).toEqual({
          header: null,
          cookies: [expect.stringMatching(/^sid=/)],
        });
      }
    });

    it('is told by bearer where that is all there is, and where its token before came by it', async () => {
      const alone = await start({ transports: ['bearer'] });
      const begun = await ask('/count', {}, alone);
      expect(tellings(begun)).toEqual({ header: expect.stringMatching(SIGNED), cookies: [] });
      expect(begun.headers.get('cache-control')).toBe('no-store');
      const { id, token } = await issued();
      await service().revoke(id);
      const again = await ask('/count', by(token));
      expect(tellings(again)).toEqual({ header: expect.stringMatching(SIGNED), cookies: [] });
      const next = again.headers.get('session-token')!;
      expect(next.slice(0, 22)).not.toBe(id);
      expect(await dataOf(next)).toEqual({ visits: 1 });
    });
  });

  describe('a session that came by bearer', () => {
    it('regenerate() tells of its new token by the header alone, in an answer that nothing keeps', async () => {
      const { token } = await issued();
      const answer = await ask('/sign-in', by(token));
      expect(tellings(answer)).toEqual({ header: expect.stringMatching(SIGNED), cookies: [] });
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('vary')).toMatch(/Cookie, Authorization/);
      const next = answer.headers.get('session-token')!;
      expect(next).not.toBe(token);
      expect(await dataOf(next)).toEqual({ userId: 'eve' });
      expect(await dataOf(token)).toEqual({});
    });

    it('renewal tells of its new token by the header', async () => {
      const renewing = await start({ renewInterval: '10m' });
      const { id, token } = await issued();
      await age(backend, id, 11 * MINUTE_MS);
      const answer = await ask('/session', by(token), renewing);
      expect(tellings(answer)).toEqual({ header: expect.stringMatching(SIGNED), cookies: [] });
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(await dataOf(answer.headers.get('session-token')!)).toEqual({ userId: 'ada' });
    });

    it('destroy() tells of it by an empty header', async () => {
      const { token } = await issued();
      const answer = await ask('/sign-out', by(token));
      expect(tellings(answer)).toEqual({ header: '', cookies: [] });
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(await dataOf(token)).toEqual({});
      expect(tellings(await ask('/session', by(token)))).toEqual(NOTHING);
      const alone = await start({ transports: ['bearer'] });
      expect(tellings(await ask('/sign-out', {}, alone))).toEqual(NOTHING);
      const foreign = await ask('/sign-out', by(JWT), alone);
      expect(tellings(foreign)).toEqual(NOTHING);
    });

    it('what is answered varies by what was looked at, where it used the session', async () => {
      const { token } = await issued();
      const varied = async (path: string, headers: Record<string, string>, from = app) =>
        (await ask(path, headers, from)).headers
          .get('vary')
          ?.split(/, ?/)
          .filter((name) => name !== 'Origin') ?? [];
      expect(await varied('/session', by(token))).toEqual(['Cookie', 'Authorization']);
      expect(await varied('/session', {})).toEqual(['Cookie', 'Authorization']);
      expect(await varied('/plain', by(token))).toEqual([]);
      const alone = await start({ transports: ['bearer'] });
      expect(await varied('/session', by(token), alone)).toEqual(['Authorization']);
      const cookies = await start({ transports: ['cookie'] });
      expect(await varied('/session', {}, cookies)).toEqual(['Cookie']);
    });

    it('a use that is written is no news; signed by an older secret it is signed anew with it', async () => {
      secret = [OLD_SECRET];
      const old = (
        await (await start()).app.get(SessionService).issue('ada', { data: { userId: 'ada' } })
      ).token;
      secret = [SECRET, OLD_SECRET];
      const rotated = await start();
      const read = await ask('/session', by(old), rotated);
      expect([read.json(), tellings(read)]).toEqual([{ userId: 'ada' }, NOTHING]);
      const { header } = tellings(await ask('/touch', by(old), rotated));
      expect(header).toMatch(SIGNED);
      expect(header!.slice(0, 65)).toBe(old.slice(0, 65));
      expect(header).not.toBe(old);
      expect(await dataOf(header!)).toEqual({ userId: 'ada' });
      expect(tellings(await ask('/touch', by(header!), rotated))).toEqual(NOTHING);
      expect(await dataOf(old)).toEqual({});
    });

    it('is not concerned by cookie.path', async () => {
      const inside = await start({ cookie: { path: '/elsewhere' } });
      const { token } = await issued();
      const answer = await ask('/sign-in', by(token), inside);
      expect([answer.status, tellings(answer).header]).toEqual([
        200,
        expect.stringMatching(SIGNED),
      ]);
      expect((await ask('/sign-in', {}, inside)).status).toBe(500);
    });

    it('what can’t be told any more is warned of by the name of its header, and no log shows a token', async () => {
      const late = await start();
      const { id, token } = await issued();
      await ask('/late', by(token), late);
      const line = () => late.logs.lines.find((each) => each.includes(id));
      await until('a warning', () => line() !== undefined);
      expect(line()).toMatch(
        /changed after the head .* its Session-Token header could not be sent/,
      );
      expect(late.logs.lines.join('\n')).not.toContain(token.slice(22, 65));
    });

    it('HEAD is answered with its new token and no body', async () => {
      const { token } = await issued();
      const alone = await start({ transports: ['bearer'], renewInterval: '31s' });
      await age(backend, token.slice(0, 22), MINUTE_MS);
      const answer = await ask('/session', by(token), alone, 'HEAD');
      expect([answer.status, answer.text]).toEqual([200, '']);
      expect(answer.headers.get('session-token')).toMatch(SIGNED);
      expect(await dataOf(answer.headers.get('session-token')!)).toEqual({ userId: 'ada' });
    });

    it('scripts of another origin read the header where CORS exposes it', async () => {
      const { token } = await issued();
      const origin = 'https://app.example';
      const preflight = await ask(
        '/sign-in',
        {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization',
        },
        app,
        'OPTIONS',
      );
      expect(preflight.headers.get('access-control-allow-headers')).toMatch(/authorization/i);
      const answer = await ask('/sign-in', { origin, ...by(token) });
      expect(answer.headers.get('access-control-expose-headers')).toBe('Session-Token');
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      expect(answer.headers.get('session-token')).toMatch(SIGNED);
      expect(answer.headers.get('vary')).toMatch(/Origin/);
    });

    it('a 503 tells of nothing, whether reading fails or saving', async () => {
      const { token } = await issued();
      const refused = async (path: string) => {
        const answer = await ask(path, by(token));
        expect([answer.status, tellings(answer), answer.headers.get('retry-after')]).toEqual([
          503,
          NOTHING,
          '1',
        ]);
      };
      backend.beforeRead = () => Promise.reject(new Error('no connection'));
      await refused('/session');
      expect((await ask('/session', { authorization: `Bearer ${JWT}` })).status).toBe(200);
      backend.beforeRead = async () => {};
      backend.beforeWrite = () => Promise.reject(new Error('disk full'));
      for (const path of ['/sign-in', '/sign-out', '/count', '/own-header']) await refused(path);
      backend.beforeWrite = async () => {};
      expect(await dataOf(token)).toEqual({ userId: 'ada' });
    });
  });

  it('a 503 says when to ask again, also where no session of the request has failed', async () => {
    backend.beforeRead = backend.beforeWrite = () => Promise.reject(new Error('no connection'));
    const browser = app.browser();
    const answers = [
      await browser.postJson('/issue/ada', { data: { userId: 'ada' } }),
      await browser.get('/stored/none'),
      await browser.post('/revoke/none'),
    ];
    const asked = answers.map(({ status, headers }) => [status, headers.get('retry-after')]);
    expect(asked).toEqual(Array(3).fill([503, '1']));
  });

  it('wrong transports stop the application at start', async () => {
    await expect(start({ transports: ['header'] as never })).rejects.toThrow(SessionOptionsError);
  });
});
