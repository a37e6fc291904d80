import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { FastifySessionOptions as FastifyOptions } from '@fastify/session';
import type { SessionOptions as ExpressOptions } from 'express-session';
import {
  type SessionCookieOptions,
  type SessionOptions,
  SessionOptionsError,
} from 'nestjs-server-session';
import { Signature } from '../../src/transports/signature.js';
import { resolveCookie } from '../../src/transports/cookie-options.js';
import { resolveOptions, resolveSettings } from '../../src/session.options-validator.js';

const secret = 'x'.repeat(32);

function problems(options: object): readonly string[] {
  try {
    resolveOptions(options as never);
  } catch (error) {
    return (error as SessionOptionsError).problems;
  }
  return [];
}

type TheirOptions = keyof ExpressOptions | keyof FastifyOptions;
/** `signed` is one of Express' own cookies. */
type TheirCookieOptions =
  keyof NonNullable<ExpressOptions['cookie'] & FastifyOptions['cookie']> | 'signed';

/** Every option of express-session and @fastify/session that has another name here, or none. */
const FOREIGN: Record<Exclude<TheirOptions, keyof SessionOptions>, RegExp> = {
  store: /write backend, such as RedisBackend/,
  name: /write cookie: \{ name: 'sid' \}/,
  cookieName: /write cookie: \{ name: 'sid' \}/,
  cookiePrefix: /leave it out, and set cookie/,
  resave: /leave it out: a session is saved when it has changed/,
  saveUninitialized: /leave it out: a session is stored once it has data/,
  rolling: /leave it out: each use prolongs a session/,
  unset: /leave it out: req\.session = null ends/,
  proxy: /leave it out, and set 'trust proxy'/,
  algorithm: /leave it out: tokens are signed/,
  genid: /leave it out: ids are random/,
  idGenerator: /leave it out: ids are random/,
};
const FOREIGN_OF_COOKIE: Record<Exclude<TheirCookieOptions, keyof SessionCookieOptions>, RegExp> = {
  maxAge: /write idleTimeout/,
  expires: /write absoluteTimeout/,
  signed: /leave it out: the cookie always is/,
  encode: /leave it out/,
  priority: /leave it out/,
};

describe('options', () => {
  it.each(Object.entries(FOREIGN))('of other libraries say what to write: %s', (name, hint) => {
    expect(problems({ secret, [name]: {} })).toEqual([
      expect.stringMatching(new RegExp(`^${name} is no option: ${hint.source}`)),
    ]);
  });

  it.each(Object.entries(FOREIGN_OF_COOKIE))('of their cookie, too: %s', (name, hint) => {
    expect(problems({ secret, cookie: { [name]: {} } })).toEqual([
      expect.stringMatching(new RegExp(`^cookie\\.${name} is no option: ${hint.source}`)),
    ]);
  });

  it('have the defaults that the README names', () => {
    expect(resolveOptions({ secret })).toEqual({
      signatures: [expect.any(Signature)],
      cookie: {
        name: 'sid',
        path: '/',
        domain: undefined,
        sameSite: 'lax',
        secure: 'auto',
        httpOnly: true,
        partitioned: false,
        persistent: true,
      },
      transports: ['cookie'],
      isTrusted: expect.any(Function),
      idleMs: 14 * 24 * 3600 * 1000,
      absoluteMs: 30 * 24 * 3600 * 1000,
      touchIntervalMs: 60_000,
      renewIntervalMs: Infinity,
      renewGraceMs: 30_000,
      current: Number.parseInt(process.versions.node) >= 24,
      onBackendError: 'fail',
      backendTimeoutMs: 2000,
      questions: [],
    });
  });

  it('refuse every secret of the documentation in production, and nowhere else', () => {
    const pages = readdirSync('docs').map((name) => `docs/${name}`);
    const published = ['README.md', ...pages].flatMap((page) => {
      if (!page.endsWith('.md')) return [];
      const text = readFileSync(page, 'utf8');
      return [...text.matchAll(/secret: '([^']{32,})'/g)].map(([, each]) => each!);
    });
    expect(published.length).toBeGreaterThan(1);
    const before = process.env['NODE_ENV'];
    try {
      for (const each of published) {
        process.env['NODE_ENV'] = 'production';
        expect(problems({ secret: [secret, each] })).toEqual([
          expect.stringMatching(/^secret\[1\] is the one of this library's documentation/),
        ]);
        process.env['NODE_ENV'] = 'development';
        resolveOptions({ secret: each });
      }
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });

  it('take durations as text with a unit or as seconds', () => {
    const resolved = resolveOptions({
      secret: [secret, `${secret}2`],
      idleTimeout: '10m',
      absoluteTimeout: false,
      backendTimeout: 0.5,
    });
    expect(resolved.idleMs).toBe(600_000);
    expect(resolved.touchIntervalMs).toBe(30_000);
    expect(resolved.absoluteMs).toBe(Infinity);
    expect(resolved.backendTimeoutMs).toBe(500);
    expect(resolveOptions({ secret, touchInterval: 0 }).touchIntervalMs).toBe(0);
  });

  it('question numbers that read like milliseconds', () => {
    const { questions } = resolveOptions({ secret, idleTimeout: 1_800_000 });
    expect(questions).toEqual([
      "idleTimeout: 1800000 is a number of seconds, about 21 days. If these were to be milliseconds, write '30m'; if not, write '1800000s', which nobody takes for them.",
    ]);
    expect(resolveOptions({ secret, idleTimeout: '1800000s' }).questions).toEqual([]);
    expect(resolveOptions({ secret, idleTimeout: 1800 }).questions).toEqual([]);
    expect(resolveOptions({ secret, backendTimeout: 2000 }).questions[0]).toContain("write '2s'");
    expect(resolveOptions({ secret, idleTimeout: 14 * 24 * 3600 }).questions).toEqual([]);
  });

  it('take an absolute timeout alone that is shorter than the idle timeout by default', () => {
    expect(resolveOptions({ secret, absoluteTimeout: '8h' }).absoluteMs).toBe(8 * 3600 * 1000);
  });

  it.each<[object, RegExp]>([
    [
      { secret, idleTimeout: '14d', absoluteTimeout: '8h' },
      /^idleTimeout is '14d' \(14 days\), longer than absoluteTimeout, which ends every session after 8 hours/,
    ],
    [{ secret, idleTimout: '1h' }, /^idleTimout is no option: did you mean idleTimeout\?$/],
    [{ secret, Secret: 1 }, /did you mean secret/],
    [{ secret, zzzzzzzzzzzzzzzz: 1 }, /the options are secret, backend, cookie, transports/],
    [
      { secret, load: 'lazy' },
      /^load is no option: it must be known before the options are: write it beside/,
    ],
    [{}, /^secret is missing: write a text of at least 32 characters\. Make one with: node -p/],
    [{ secret: 'short' }, /^secret has 5 characters: write at least 32/],
    [{ secret: '' }, /^secret is empty, as where an environment variable is not set: write/],
    [{ secret: [] }, /empty list/],
    [{ secret, principals: { of: { field: 'save', principal: String } } }, /field is 'save'/],
    [{ secret: [secret, 'short'] }, /^secret\[1\] has 5 characters/],
    [{ secret, idleTimeout: 'soon' }, /^idleTimeout is 'soon': write text with a unit/],
    [{ secret, idleTimeout: '100' }, /^idleTimeout is '100'/],
    [{ secret, idleTimeout: 0 }, /^idleTimeout is 0/],
    [{ secret, idleTimeout: Infinity }, /^idleTimeout is Infinity/],
    [{ secret, absoluteTimeout: '-1h' }, /^absoluteTimeout is '-1h'.*or false for never$/],
    [{ secret, touchInterval: '15d' }, /^touchInterval .* must be shorter than idleTimeout/],
    [{ secret, idleTimeout: -1 }, /^idleTimeout is -1: write text with a unit/],
    [{ secret, idleTimeout: Number.NaN }, /^idleTimeout is NaN/],
    [{ secret, idleTimeout: '' }, /^idleTimeout is '': write text with a unit/],
    [{ secret, idleTimeout: '1h30m' }, /^idleTimeout is '1h30m'/],
    [{ secret, idleTimeout: '1.2.3h' }, /^idleTimeout is '1.2.3h'/],
    [{ secret, idleTimeout: 'Infinityy' }, /^idleTimeout is 'Infinityy'/],
    [{ secret, idleTimeout: false }, /^idleTimeout is false: write text/],
    [{ secret, idleTimeout: [30] }, /^idleTimeout is a list/],
    [{ secret, idleTimeout: {} }, /^idleTimeout is an object/],
    [{ secret, idleTimeout: 1e16 }, /^idleTimeout is 10000000000000000: write at most '100y'$/],
    [{ secret, idleTimeout: '101y' }, /^idleTimeout is '101y': write at most '100y'$/],
    [{ secret, idleTimeout: 0.0001 }, /^idleTimeout is 0.0001: write at least '1ms'$/],
    [{ secret, absoluteTimeout: 1e16 }, /write at most '100y', or false for never$/],
    [{ secret, touchInterval: 1e16 }, /^touchInterval .* write at most '100y'$/],
    [{ secret, touchInterval: -1 }, /^touchInterval is -1/],
    [{ secret, renewInterval: 1e16 }, /^renewInterval .* at most '100y', or false for never$/],
    [{ secret, renewGrace: 1e16 }, /^renewGrace .* write at most '100y'$/],
    [{ secret, renewGrace: '500ms' }, /^renewGrace is '500ms': write at least '1s'$/],
    [{ secret, backendTimeout: 0 }, /^backendTimeout is 0: write text with a unit, such as '2s'/],
    [{ secret, renewInterval: '20s' }, /^renewInterval .* must be longer than renewGrace/],
    [{ secret, renewInterval: true }, /^renewInterval is true.*or false for never$/],
    [{ secret, backendTimeout: '99d' }, /^backendTimeout is '99d': write at most '24d'$/],
    [
      { secret, transports: 'bearer' },
      /^transports is 'bearer': write \['cookie'\], \['bearer'\], or/,
    ],
    [{ secret, transports: [] }, /^transports is an empty list: write/],
    [
      { secret, transports: ['header'] },
      /^transports\[0\] is 'header': write 'cookie' or 'bearer'$/,
    ],
    [{ secret, transports: ['bearer', 'Cookie'] }, /^transports\[1\] is 'Cookie'/],
    [{ secret, transports: ['cookie', 'cookie'] }, /^transports names 'cookie' twice: write/],
    [{ secret, transport: ['bearer'] }, /did you mean transports\?/],
    [{ secret, principals: 3 }, /^principals is 3: write an object, such as \{ maxSessions: 3 \}$/],
    [{ secret, principals: { maxSessions: 0 } }, /^principals\.maxSessions is 0: write a whole/],
    [{ secret, principals: { onlimit: 'refuse' } }, /did you mean principals\.onLimit\?/],
    [{ secret, principals: { of: 'passport' } }, /^principals\.of is 'passport': write an object/],
    [
      { secret, principals: { of: { field: '', principal: String } } },
      /of\.field is '': write the/,
    ],
    [
      { secret, principals: { of: { field: 'x' } } },
      /of\.principal is undefined: write a function/,
    ],
    [
      { secret, principals: { of: { field: 'x', principal: String } }, absoluteTimeout: false },
      /needs/,
    ],
    [{ secret, cookie: 'sid' }, /^cookie is 'sid': write an object/],
    [{ secret, cookie: { samesite: 'lax' } }, /did you mean cookie\.sameSite\?/],
    [{ secret, cookie: { sameSite: true } }, /^cookie\.sameSite is true: write 'strict' or/],
    [{ secret, cookie: { httpOnly: 'no' } }, /^cookie\.httpOnly is 'no': write true or false/],
    [{ secret, cookie: { name: 'a b' } }, /name is invalid.*'a b'/],
    [{ secret, cookie: { name: '' } }, /name is invalid/],
    [{ secret, cookie: { path: 'app' } }, /^cookie\.path is 'app': write one that begins with/],
    [{ secret, cookie: { sameSite: 'auto', secure: false } }, /'auto' is None on secure/],
    [{ secret, cookie: { path: '/;x' } }, /path is invalid/],
    [{ secret, cookie: { domain: 'a b' } }, /domain is invalid/],
    [{ secret, cookie: { sameSite: 'none', secure: false } }, /'none' needs cookie\.secure/],
    [{ secret, cookie: { partitioned: true, secure: false } }, /partitioned needs cookie\.secure/],
    [{ secret, cookie: { name: '__Secure-s', secure: false } }, /'__Secure-s' needs/],
    [{ secret, cookie: { name: '__Host-s', domain: 'a.com' } }, /refuse __Host- with a domain/],
    [{ secret, cookie: { name: '__Host-s', path: '/x' } }, /refuse __Host- with a domain or/],
  ])('%j is refused with what to write instead', (options, message) => {
    expect(problems(options).join('\n')).toMatch(message);
    expect(problems(options)).toHaveLength(1);
  });

  it.each([30n, Symbol('30'), () => 30])('refuse a duration that is %s', (idleTimeout) => {
    const shown = typeof idleTimeout === 'function' ? 'a function' : /30n|Symbol\(30\)/;
    expect(problems({ secret, idleTimeout })).toEqual([expect.stringMatching(shown)]);
  });

  it('take any duration up to a hundred years, with a date at its end', () => {
    for (const each of [1, '30m', '30 minutes', ' 2 days ', '1.5h', '100y', 0.001]) {
      const { idleMs } = resolveOptions({ secret, idleTimeout: each, touchInterval: 0 });
      expect(idleMs).toBeGreaterThan(0);
      expect(new Date(Date.now() + idleMs).getTime()).not.toBeNaN();
    }
    expect(resolveOptions({ secret, idleTimeout: '30 minutes' }).idleMs).toBe(1_800_000);
  });

  it('take a function of the request for the cookie, whose options are checked as it gives them', () => {
    const given: unknown[] = [];
    const { cookie } = resolveOptions({
      secret,
      cookie: (request: { host: string }) => {
        given.push(request);
        return { domain: request.host, sameSite: 'none' };
      },
    });
    expect(resolveCookie(cookie, { host: 'a.example' })).toMatchObject({
      name: 'sid',
      domain: 'a.example',
      secure: true,
    });
    expect(given).toEqual([{ host: 'a.example' }]);
    const wrong = (options: unknown) => () =>
      resolveCookie(resolveOptions({ secret, cookie: () => options as object }).cookie, {});
    expect(wrong({ pth: '/' })).toThrow(
      /of this request do not work:\n  - cookie\.pth is no option/,
    );
    expect(wrong(Promise.resolve({}))).toThrow(/cookie\(\) gave a promise/);
    expect(wrong(undefined)).toThrow(/cookie is undefined: write an object, such as/);
  });

  it('never show a secret', () => {
    const text = problems({ secret: ['tiny-secret', 5, secret], cookie: 1 }).join('\n');
    expect(text).not.toContain('tiny-secret');
    expect(text).not.toContain(secret);
  });

  it('tell every problem at once', () => {
    const error = new SessionOptionsError(problems({ secret: 'a', idleTimeout: 'b', x: 1 }));
    expect(error.message.split('\n')).toHaveLength(4);
  });

  it('are always Secure where the cookie is refused without', () => {
    const secure = (cookie: object) =>
      resolveCookie(resolveOptions({ secret, cookie }).cookie, {}).secure;
    expect(secure({})).toBe('auto');
    expect(secure({ sameSite: 'none' })).toBe(true);
    expect(secure({ partitioned: true })).toBe(true);
    expect(secure({ name: '__Host-sid' })).toBe(true);
    expect(secure({ sameSite: 'auto' })).toBe('auto');
  });

  it('are refused where they are no object', () => {
    expect(problems(undefined as never)).toEqual([expect.stringMatching(/^options is undefined/)]);
  });

  it('check what stands beside them', () => {
    expect(resolveSettings({})).toEqual({ isGlobal: true, load: 'eager' });
    expect(() => resolveSettings({ load: 'never' as never })).toThrow(
      /load is 'never': write 'eager' or 'lazy'/,
    );
  });
});
