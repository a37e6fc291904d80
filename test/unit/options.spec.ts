import { describe, expect, it } from '@jest/globals';
import { SessionOptionsError } from 'nestjs-server-session';
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

describe('options', () => {
  it('have the defaults that the README names', () => {
    expect(resolveOptions({ secret })).toEqual({
      secrets: [secret],
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
      idleMs: 14 * 24 * 3600 * 1000,
      absoluteMs: 30 * 24 * 3600 * 1000,
      touchIntervalMs: 60_000,
      renewIntervalMs: Infinity,
      renewGraceMs: 30_000,
      current: false,
      onBackendError: 'fail',
      backendTimeoutMs: 2000,
    });
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

  it.each<[object, RegExp]>([
    [{ secret, idleTimout: '1h' }, /^idleTimout is no option: did you mean idleTimeout\?$/],
    [{ secret, Secret: 1 }, /did you mean secret/],
    [{ secret, zzzzzzzzzzzzzzzz: 1 }, /the options are secret, backend, cookie/],
    [{ secret, load: 'lazy' }, /^load must be known before the options are: write it beside/],
    [{}, /^secret is missing: write a text of at least 32 characters\. Make one with: node -p/],
    [{ secret: 'short' }, /^secret has 5 characters: write at least 32/],
    [{ secret: [] }, /empty list/],
    [{ secret: [secret, 'short'] }, /^secret\[1\] has 5 characters/],
    [{ secret, idleTimeout: 'soon' }, /^idleTimeout is 'soon': write text with a unit/],
    [{ secret, idleTimeout: '100' }, /^idleTimeout is '100'/],
    [{ secret, idleTimeout: 0 }, /^idleTimeout is 0/],
    [{ secret, idleTimeout: Infinity }, /^idleTimeout is Infinity/],
    [{ secret, absoluteTimeout: '-1h' }, /^absoluteTimeout is '-1h'.*or false for never$/],
    [{ secret, touchInterval: '15d' }, /^touchInterval .* must be shorter than idleTimeout/],
    [{ secret, renewInterval: '20s' }, /^renewInterval .* must be longer than renewGrace/],
    [{ secret, renewInterval: true }, /^renewInterval is true.*or false for never$/],
    [{ secret, backendTimeout: '99d' }, /^backendTimeout is longer than a timer can be/],
    [{ secret, cookie: 'sid' }, /^cookie is 'sid': write an object/],
    [{ secret, cookie: { samesite: 'lax' } }, /did you mean cookie\.sameSite\?/],
    [{ secret, cookie: { sameSite: true } }, /^cookie\.sameSite is true: write 'strict' or/],
    [{ secret, cookie: { httpOnly: 'no' } }, /^cookie\.httpOnly is 'no': write true or false/],
    [{ secret, cookie: { name: 'a b' } }, /name is invalid.*'a b'/],
    [{ secret, cookie: { name: '' } }, /name is invalid/],
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
    const secure = (cookie: object) => resolveOptions({ secret, cookie }).cookie.secure;
    expect(secure({})).toBe('auto');
    expect(secure({ sameSite: 'none' })).toBe(true);
    expect(secure({ partitioned: true })).toBe(true);
    expect(secure({ name: '__Host-sid' })).toBe(true);
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
