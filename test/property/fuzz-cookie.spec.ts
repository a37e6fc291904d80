import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { parseCookie } from 'cookie';
import { sign, unsign } from 'cookie-signature';
import fc from 'fast-check';
import { readTokens } from '../../src/transports/cookie.js';
import type { SignedToken } from '../../src/transports/signed-token.js';
import { Signature } from '../../src/transports/signature.js';
import { FUZZ_SEED, FUZZ_TIMEOUT_MS, HEADER_RUNS, tokens } from '../support/fuzz.js';

describe('a Cookie header from anybody', () => {
  const NAME = 'sid';
  const MAX_CANDIDATES = 4;
  const SECRETS = [
    'new secret, which signs, of 32 characters',
    'old secret, which verifies, 32 characters',
  ];
  const FOREIGN = 'the secret of somebody else, 32 characters';
  const SIGNATURES = SECRETS.map((secret) => new Signature(secret));
  /** The first are the ones that were signed; nobody ever signed the others with a secret that counts. */
  const SIGNED = new Set(tokens.slice(0, 10));
  const genuine = [...SIGNED].flatMap((token) =>
    SECRETS.map((secret) => `s:${sign(token, secret)}`),
  );
  const forged = [
    ...tokens.slice(10).map((token) => `s:${sign(token, FOREIGN)}`),
    ...tokens.slice(10).map((token, index) => genuine[index]!.replace(/^s:[^.]+/, `s:${token}`)),
    ...['', 'short', '../../etc/passwd', 'a'.repeat(43), 'a'.repeat(66)].map(
      (value) => `s:${sign(value, SECRETS[0]!)}`,
    ),
  ];

  /**
   * What cookie-parser would make of the header with the packages it is made of, except that several values of the name
   * are tried, and a token must look like one.
   */
  function expectedTokens(header: string): SignedToken[] {
    return header
      .split(';')
      .filter((pair) => /^[ \t]*sid=/.test(pair))
      .slice(0, MAX_CANDIDATES)
      .map((pair) => parseCookie(pair, { decode: (value) => decoded(value.trim()) })[NAME] ?? '')
      .flatMap((value) => {
        const tokens = SECRETS.map((secret) => unsign(value.slice(2), secret));
        const signedBy = tokens.findIndex((token) => token !== false);
        const token = tokens[signedBy];
        const isToken = value.startsWith('s:') && token && /^[\w-]{65}$/.test(token);
        return isToken ? [{ token, isOld: signedBy > 0 }] : [];
      });
  }
  /** Longer ones are not looked at: so long is a genuine one with all its characters percent-encoded. */
  const MAX_VALUE_LENGTH = 3 * genuine[0]!.length;
  function decoded(value: string): string {
    if (value.length > MAX_VALUE_LENGTH) return '';
    try {
      return decodeURIComponent(value.replace(/^"(.*)"$/s, '$1'));
    } catch {
      return value;
    }
  }
  function holds(header: string): boolean {
    const found = readTokens(header, NAME, SIGNATURES);
    return (
      isDeepStrictEqual(found, expectedTokens(header)) &&
      found.every(({ token }) => SIGNED.has(token))
    );
  }
  async function check(header: fc.Arbitrary<string>, share: number): Promise<void> {
    await fc.assert(
      fc.asyncProperty(header, async (text) => holds(text)),
      {
        numRuns: Math.ceil(HEADER_RUNS * share),
        ...FUZZ_SEED,
      },
    );
  }

  const UNITS = [
    'sid=',
    's:',
    's',
    '=',
    ';',
    ',',
    ' ',
    '\t',
    '"',
    '%',
    ':',
    '.',
    '2B',
    '3A',
    '\\',
    '\u0000',
    '\u00a0',
    'é',
    '😀',
  ];
  const rough = fc.string({ unit: 'binary', maxLength: 40 });
  const text = fc.oneof(rough, fc.string({ unit: fc.constantFrom(...UNITS), maxLength: 60 }));

  const percentAll = (value: string) =>
    [...Buffer.from(value)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const changeAt = (value: string, at: number, change: (char: string) => string) => {
    const index = at % value.length;
    return value.slice(0, index) + change(value[index]!) + value.slice(index + 1);
  };
  const codeOf = (char: string) => char.charCodeAt(0);
  /** Each makes another text of a value; `at` says where, `seed` what. */
  const MUTATIONS: ((value: string, at: number, seed: string) => string)[] = [
    // A bit flipped.
    (value, at) =>
      changeAt(value, at, (char) => String.fromCharCode(codeOf(char) ^ (1 << (at % 8)))),
    // The same low byte: what Latin-1 would make the same character of.
    (value, at) => changeAt(value, at, (char) => String.fromCharCode(codeOf(char) + 0x100)),
    (value, at) =>
      changeAt(value, at, (char) =>
        encodeURIComponent(String.fromCharCode((codeOf(char) & 0xff) + 0x100)),
      ),
    // Case, which base64 tells apart.
    (value, at) => changeAt(value, at, (char) => char.toUpperCase()),
    (value, at) => changeAt(value, at, (char) => char.toLowerCase()),
    // Cut, made longer, doubled.
    (value, at) => value.slice(0, at % value.length),
    (value, at) => value.slice(at % value.length),
    (value, at, seed) => changeAt(value, at, (char) => char + seed),
    (value, _at, seed) => value + seed,
    (value, _at, seed) => seed + value,
    (value) => value + value,
    (value) => `${value}=`,
    // Separators.
    (value) => value.replace('.', ':'),
    (value) => value.replace('s:', 'j:'),
    (value) => value.replace('.', '..'),
    (value) => value.replaceAll('+', ' '),
    (value) => value.replaceAll('+', '-').replaceAll('/', '_'),
    (value, at) => changeAt(value, at, () => ';'),
    (value, at) => changeAt(value, at, () => ', '),
    // Percent-encoding: none, all, twice, broken.
    (value) => value,
    (value) => encodeURIComponent(value),
    (value) => percentAll(value),
    (value) => encodeURIComponent(encodeURIComponent(value)),
    (value) => encodeURIComponent(value).toLowerCase(),
    (value, at) => changeAt(encodeURIComponent(value), at, () => '%'),
    (value, at) => changeAt(value, at, (char) => percentAll(char)),
    // Quotes and blanks.
    (value) => `"${value}"`,
    (value) => `"${value}`,
    (value) => `""${value}""`,
    (value) => ` \t${value} `,
    (value) => `\u00a0${value}\u00a0`,
    // Another cookie's value put together with it.
    (value, at) => value.slice(0, 67) + genuine[at % genuine.length]!.slice(67),
  ];
  const mutation = fc.tuple(fc.constantFrom(...MUTATIONS), fc.nat(10_000), rough);
  const value = fc
    .tuple(
      fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(...genuine) },
        { weight: 1, arbitrary: fc.constantFrom(...forged) },
      ),
      fc.array(mutation, { maxLength: 2 }),
    )
    .map(([start, mutations]) =>
      mutations.reduce((now, [change, at, seed]) => (now ? change(now, at, seed) : now), start),
    );
  const name = fc.oneof(
    { weight: 6, arbitrary: fc.constant('sid=') },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'sid =',
        'sid',
        'Sid=',
        'xsid=',
        'sid=sid=',
        '__proto__=',
        '=',
        '',
      ),
    },
  );
  const pair = fc.oneof(
    { weight: 5, arbitrary: fc.tuple(name, value).map((parts) => parts.join('')) },
    { weight: 1, arbitrary: text },
  );
  const separator = fc.constantFrom('; ', ';', ';;', ' ;\t ', ', ', ' ');
  const pairs = fc
    .array(fc.tuple(pair, separator), { minLength: 1, maxLength: 7 })
    .map((list) => list.flat().join(''));

  it(
    'of any text: is nobody’s, or what the packages of cookie-parser find',
    async () => {
      await check(
        fc.oneof(
          text,
          fc.tuple(name, text).map((parts) => parts.join('')),
        ),
        0.3,
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  it(
    'of changed, cut, doubled and forged cookies: gives only tokens that were signed, in their order',
    async () => {
      await check(pairs, 0.695);
    },
    FUZZ_TIMEOUT_MS,
  );

  it(
    'of thousands of pairs: gives what a short one gives',
    async () => {
      const many = fc
        .tuple(pairs, pair, separator, fc.integer({ min: 1_000, max: 5_000 }), pairs)
        .map(([before, each, between, count, after]) =>
          [before, (each + between).repeat(count), after].join(';'),
        );
      await check(many, 0.005);
    },
    FUZZ_TIMEOUT_MS,
  );

  it('that is genuine is read in every encoding a client may send', () => {
    for (const [index, cookie] of genuine.entries()) {
      for (const sent of [cookie, encodeURIComponent(cookie), `"${cookie}"`, percentAll(cookie)]) {
        const token = tokens[Math.floor(index / SECRETS.length)];
        const isOld = index % SECRETS.length > 0;
        const found = readTokens(`a=b; ${NAME}=${sent}; c=d`, NAME, SIGNATURES);
        expect(found).toEqual([{ token, isOld }]);
      }
    }
  });

  it('of 10,000 well-formed wrong cookies costs at most four signatures for each secret', () => {
    const signatures = SECRETS.map((secret) => new Signature(secret));
    const spies = signatures.map((signature) => vi.spyOn(signature, 'verifies'));
    const wrong = Array.from({ length: 10_000 }, (_, index) => {
      const cookie = `s:${sign(tokens[index % tokens.length]!, `${FOREIGN} ${index}`)}`;
      return `${NAME}=${encodeURIComponent(cookie)}`;
    });
    expect(readTokens(wrong.join('; '), NAME, signatures)).toEqual([]);
    for (const spy of spies) {
      expect(spy.mock.calls.length).toBeGreaterThan(0);
      expect(spy.mock.calls.length).toBeLessThanOrEqual(MAX_CANDIDATES);
    }
  });
});
