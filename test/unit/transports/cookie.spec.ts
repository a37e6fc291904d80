import { parseSetCookie } from 'cookie';
import cookieParser from 'cookie-parser';
import { sign } from 'cookie-signature';
import { describe, expect, it } from 'vitest';
import {
  clearedCookie,
  isInPath,
  readTokens,
  tokenCookie,
} from '../../../src/transports/cookie.js';
import { resolveCookie } from '../../../src/transports/cookie-options.js';
import { Signature } from '../../../src/transports/signature.js';
import { Identity } from '../../../src/session/token.js';
import { resolveOptions } from '../../../src/session.options-validator.js';

const SECRETS = [
  'new secret, which signs, of 32 characters',
  'old secret, which verifies, 32 characters',
];
const createToken = () => new Identity().token;
const SIGNATURES = SECRETS.map((secret) => new Signature(secret));
const options = (cookie = {}) =>
  resolveCookie(resolveOptions({ secret: SECRETS, cookie }).cookie, {});
/** The first token, which is what most clients send. */
const readToken = (header: string | undefined, name: string, signatures = SIGNATURES) =>
  readTokens(header, name, signatures)[0]?.token;
const signed = (token: string, secret = SECRETS[0]!) =>
  encodeURIComponent(`s:${sign(token, secret)}`);

describe('the cookie', () => {
  it('is what cookie-parser reads with the same secret, and the other way round', () => {
    const token = createToken();
    const { name, value } = parseSetCookie(tokenCookie(token, options(), SIGNATURES, false, 60));
    expect(cookieParser.signedCookie(value!, SECRETS[0]!)).toBe(token);
    expect(readToken(`${name}=${signed(token)}`, 'sid', SIGNATURES)).toBe(token);
    expect(readToken(`a=b; sid=s:${sign(token, SECRETS[0]!)}; c=d`, 'sid', SIGNATURES)).toBe(token);
    expect(readToken(`sid="${signed(token)}"`, 'sid', SIGNATURES)).toBe(token);
  });

  it.each([1, 32, 63, 64, 65, 200])(
    'is signed as cookie-signature does, with %s bytes',
    (length) => {
      const secret = 'é'.repeat(length / 2) + 'x'.repeat(length % 2);
      const signature = new Signature(secret);
      for (let i = 0; i < 200; i++) {
        const token = createToken();
        expect(`${token}.${signature.of(token)}`).toBe(sign(token, secret));
        expect(signature.verifies(token, signature.of(token))).toBe(true);
        expect(signature.verifies(createToken(), signature.of(token))).toBe(false);
      }
    },
  );

  it('leaves nothing of its secret in the memory that small Buffers share', () => {
    const half = createToken();
    new Signature(half + half);
    const shared = Buffer.from(Buffer.from('small').buffer);
    expect(shared.includes(half + half)).toBe(false);
  });

  it('is verified by every secret of a list', () => {
    const token = createToken();
    expect(readToken(`sid=${signed(token, SECRETS[1])}`, 'sid', SIGNATURES)).toBe(token);
    expect(
      readToken(`sid=${signed(token, 'some other secret')}`, 'sid', SIGNATURES),
    ).toBeUndefined();
  });

  it('is found behind others of its name, up to four', () => {
    const token = createToken();
    const bad = (count: number) => 'sid=bad; '.repeat(count);
    expect(readToken(`${bad(3)}sid=${signed(token)}`, 'sid', SIGNATURES)).toBe(token);
    expect(readToken(`${bad(4)}sid=${signed(token)}`, 'sid', SIGNATURES)).toBeUndefined();
  });

  it('comes with others that are as good, and with what signed each', () => {
    const [one, two] = [createToken(), createToken()];
    const header = `sid=${signed(one, SECRETS[1])}; sid=bad; sid=${signed(two)}`;
    expect(readTokens(header, 'sid', SIGNATURES)).toEqual([
      { token: one, isOld: true },
      { token: two, isOld: false },
    ]);
  });

  const token = createToken();
  it.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['no value', 'sid='],
    ['no pair', 'sid'],
    ['another name that ends alike', `xsid=${signed(token)}`],
    ['an unsigned token', `sid=${token}`],
    ['no signature', `sid=s:${token}.`],
    ['a changed token', `sid=${signed(token).replace(token, createToken())}`],
    ['a cut signature', `sid=${signed(token).slice(0, -3)}`],
    ['a longer signature', `sid=${signed(token)}A`],
    ['broken encoding', `sid=%E0%A4%A${signed(token)}`],
    ['a huge value', `sid=s%3A${'a'.repeat(100_000)}`],
    ['a signed value that is no token', `sid=${signed('short')}`],
    ['thousands of pairs', 'a=b; '.repeat(10_000)],
    ['thousands of its own name', 'sid=s%3Ax.y; '.repeat(10_000)],
  ])('is nobody’s where it holds %s', (_, header) => {
    expect(readToken(header, 'sid', SIGNATURES)).toBeUndefined();
  });

  it('carries its attributes', () => {
    const set = (cookie: object, isSecure = false) =>
      tokenCookie(createToken(), options(cookie), SIGNATURES, isSecure, 90).replace(/^[^;]*; /, '');
    expect(set({})).toBe('Max-Age=90; Path=/; HttpOnly; SameSite=Lax');
    expect(set({}, true)).toBe('Max-Age=90; Path=/; HttpOnly; Secure; SameSite=Lax');
    expect(set({ sameSite: 'auto' })).toBe('Max-Age=90; Path=/; HttpOnly; SameSite=Lax');
    expect(set({ sameSite: 'auto' }, true)).toBe(
      'Max-Age=90; Path=/; HttpOnly; Secure; SameSite=None',
    );
    expect(set({ secure: false }, true)).not.toContain('Secure');
    expect(tokenCookie(createToken(), options(), SIGNATURES, false, undefined)).not.toContain(
      'Max-Age',
    );
    expect(
      set({
        domain: 'example.com',
        path: '/app',
        sameSite: 'none',
        httpOnly: false,
        partitioned: true,
      }),
    ).toBe('Max-Age=90; Domain=example.com; Path=/app; Secure; Partitioned; SameSite=None');
  });

  it('is cleared with the attributes that set it', () => {
    const cookie = options({ domain: 'example.com', path: '/app', sameSite: 'none' });
    const set = parseSetCookie(tokenCookie(createToken(), cookie, SIGNATURES, true, 90));
    const cleared = parseSetCookie(clearedCookie(cookie, true));
    expect(cleared.expires?.getTime()).toBe(0);
    expect({ ...cleared, expires: undefined }).toEqual({
      ...set,
      value: '',
      maxAge: 0,
      expires: undefined,
    });
  });
});

describe('a request', () => {
  it.each([
    ['/', '/', true],
    ['*', '/', true],
    ['/app', '/app', true],
    ['/app/', '/app', true],
    ['/app/x?y=1', '/app', true],
    ['/app?y=/app', '/app', true],
    ['/app#x', '/app', true],
    ['/application', '/app', false],
    ['/App', '/app', false],
    ['/', '/app', false],
    ['/other?next=/app', '/app', false],
    ['/app', '/app/', false],
    ['/app/', '/app/', true],
    ['/app/x', '/app/', true],
    ['http://a.example/app/x', '/app', true],
    ['http://a.example/app', '/app', true],
    ['http://a.example', '/app', false],
    ['http://a.example/x?u=http://b/app', '/app', false],
    ['//app', '/app', false],
    ['*', '/app', false],
  ])('for %s is within the path of a cookie for %s: %s', (url, path, is) => {
    expect(isInPath(url, path)).toBe(is);
  });
});
