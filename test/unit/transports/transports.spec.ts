import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { Identity } from '../../../src/session/token.js';
import { resolveOptions } from '../../../src/session.options-validator.js';
import { signToken } from '../../../src/transports/signed-token.js';
import { signedTransports } from '../../../src/transports/transports.js';

const secret = 'x'.repeat(32);
const transportsOf = (options: object) =>
  signedTransports(resolveOptions({ secret, ...options }), () => Date.now());
const sign = (token: string) => signToken(token, resolveOptions({ secret }).signatures);
const createToken = () => new Identity().token;

describe('transports', () => {
  const both = transportsOf({ transports: ['bearer', 'cookie'] });
  const [one, other] = [createToken(), createToken()];
  const bearer = { authorization: `Bearer ${sign(one)}` };
  const cookie = { cookie: `sid=s%3A${encodeURIComponent(sign(other))}` };

  it('give the tokens of a handshake, of which there are headers and nothing else', () => {
    expect(both.in({ headers: { ...cookie, ...bearer } }).all).toEqual([one, other]);
    expect(both.in({ headers: {} }).all).toEqual([]);
    expect(transportsOf({}).in({ headers: { ...cookie, ...bearer } }).all).toEqual([other]);
  });

  it('hand the option cookie the request that a function of it is to look at', () => {
    const named = transportsOf({ cookie: (request: { app: string }) => ({ name: request.app }) });
    const headers = { cookie: `mine=s%3A${encodeURIComponent(sign(one))}` };
    expect(named.in({ headers }, { app: 'mine' }).all).toEqual([one]);
    expect(named.in({ headers }, { app: 'yours' }).all).toEqual([]);
  });

  it('tell a client by the transport whose token is used', () => {
    const telling = {
      kind: 'token' as const,
      token: one,
      expiresAtMs: Date.now() + 60_000,
      isPersistent: undefined,
    };
    const by = (headers: IncomingHttpHeaders, place?: number) => {
      const tokens = both.in({ headers });
      if (place !== undefined) tokens.use(place);
      return tokens.field(telling)?.name;
    };
    expect(by({ ...cookie, ...bearer }, 0)).toBe('Session-Token');
    expect(by({ ...cookie, ...bearer }, 1)).toBe('Set-Cookie');
    const twice = { cookie: `${cookie.cookie}; ${cookie.cookie}` };
    expect(by({ ...twice, ...bearer }, 2)).toBe('Set-Cookie');
    expect(by(bearer)).toBe('Session-Token');
    expect(by(cookie)).toBe('Set-Cookie');
    expect(by({})).toBe('Set-Cookie');
  });
});
