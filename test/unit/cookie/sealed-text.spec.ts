import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { joined, MAX_LENGTH, split } from '../../../src/cookie/chunks.js';
import { MAX_TEXT, pack, unpack } from '../../../src/cookie/packing.js';
import { Seal, SEALING } from '../../../src/cookie/seal.js';
import { sealedLength, SealedText } from '../../../src/cookie/sealed-text.js';
import { Signature } from '../../../src/transports/signature.js';

const [ONE, OTHER, THIRD] = ['one', 'other', 'third'].map((name) => name.repeat(16)) as [
  string,
  string,
  string,
];
/** The longest token that fits. */
const MOST_BYTES = Math.floor((MAX_LENGTH * 3) / 4) - SEALING;

/** A Cookie header with what was split. */
const headerOf = (values: readonly string[], name = 'sid') =>
  values.map((value, i) => `${name}${i ? `.${i}` : ''}=${value}`).join('; ');
const opened = (sealedText: SealedText, header: string, name = 'sid') =>
  [...joined(header, name)].map((text) => sealedText.open(text, name)).filter(Boolean);
const binary = (length: number) => randomBytes(length).toString('latin1');

describe('a sealed token', () => {
  const sealedText = new SealedText([ONE]);
  const seal = (token: string, name = 'sid') => split(sealedText.seal(token, name));

  it('is opened as it was, whatever it holds', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: MOST_BYTES, size: 'max' }), (bytes) => {
        const token = Buffer.from(bytes).toString('latin1');
        expect(opened(sealedText, headerOf(seal(token)))).toEqual([{ token, isOld: false }]);
      }),
      { numRuns: 100 },
    );
  });

  it('is never twice the same', () => {
    const all = Array.from({ length: 100 }, () => seal('token')[0]!);
    expect(new Set(all.map((each) => each.slice(4, 24))).size).toBe(100);
  });

  it.each([1, 60, 300, MOST_BYTES])(
    'of %d bytes is none with any of its bits, or characters, changed',
    (length) => {
      const values = seal(binary(length));
      const places = values.flatMap((value, chunk) =>
        Array.from(value, (_, at) => ({ chunk, at })),
      );
      // Of a long one some: each costs a decryption of all of it.
      const step = Math.ceil(places.length / 400);
      for (let i = 0; i < places.length; i += i < 40 ? 1 : step) {
        const { chunk, at } = places[i]!;
        const code = values[chunk]!.charCodeAt(at);
        for (let bit = 0; bit < 8; bit++) {
          const changed = [...values];
          const other = String.fromCharCode(code ^ (1 << bit));
          changed[chunk] = values[chunk]!.slice(0, at) + other + values[chunk]!.slice(at + 1);
          expect([i, bit, opened(sealedText, headerOf(changed))]).toEqual([i, bit, []]);
        }
      }
    },
    30_000,
  );

  it('is none with any bit of its bytes changed', () => {
    const seal1 = new Seal(ONE);
    const sealed = seal1.seal(Buffer.from('a token'), 'sid');
    expect(seal1.open(sealed, 'sid')?.toString()).toBe('a token');
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect([bit, seal1.open(changed, 'sid')]).toEqual([bit, undefined]);
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(seal1.open(sealed.subarray(0, length), 'sid')).toBeUndefined();
    }
  });

  it('is that of its cookie’s name alone', () => {
    const values = seal('token');
    expect(opened(sealedText, headerOf(values, 'other'), 'other')).toEqual([]);
    expect(opened(sealedText, headerOf(values))).toHaveLength(1);
  });

  it('is opened by every secret of a list, and by no other', () => {
    const values = seal('token');
    const token = 'token';
    const header = headerOf(values);
    expect(opened(new SealedText([OTHER, THIRD, ONE]), header)).toEqual([{ token, isOld: true }]);
    expect(opened(new SealedText([ONE, OTHER]), header)).toEqual([{ token, isOld: false }]);
    expect(opened(new SealedText([OTHER, THIRD]), header)).toEqual([]);
  });

  it('has a key that is parted from what signs', () => {
    const token = 'x'.repeat(65);
    const signature = new Signature(ONE).of(token);
    expect(seal(token).join('')).not.toContain(signature.slice(0, 10));
  });
});

describe('the cookies of a sealed token', () => {
  const sealedText = new SealedText([ONE]);

  // 3840 characters a cookie, the first of all of them is how many there are.
  it.each([
    [3838, [3839]],
    [3839, [3840]],
    [3840, [3840, 1]],
    [MAX_LENGTH - 1, [3840, 3839]],
    [MAX_LENGTH, [3840, 3840]],
  ])('of %d characters are of %j', (length, lengths) => {
    const text = 'x'.repeat(length);
    const values = split(text);
    expect(values.map((value) => value.length)).toEqual(lengths);
    expect([...joined(headerOf(values), 'sid')]).toEqual([{ text, count: lengths.length }]);
  });

  it('hold as many bytes as their number says, and no more', () => {
    expect(sealedLength(MOST_BYTES)).toBeLessThanOrEqual(MAX_LENGTH);
    expect(sealedLength(MOST_BYTES + 1)).toBeGreaterThan(MAX_LENGTH);
    for (const length of [0, 1, 2, 3, 2846, 2847, 2848, MOST_BYTES]) {
      expect(sealedText.seal(binary(length), 'sid')).toHaveLength(sealedLength(length));
    }
    const [first, second, ...others] = split(sealedText.seal(binary(MOST_BYTES), 'sid'));
    expect(others).toEqual([]);
    expect(first!.length + second!.length).toBeLessThanOrEqual(2 * 3840);
  });

  it('of two values give none', () => {
    const [a, b] = [binary(MOST_BYTES), binary(MOST_BYTES)];
    const [one, other] = [split(sealedText.seal(a, 'sid')), split(sealedText.seal(b, 'sid'))];
    expect(opened(sealedText, headerOf([one[0]!, other[1]!]))).toEqual([]);
    expect(opened(sealedText, headerOf([other[0]!, one[1]!]))).toEqual([]);
    expect(opened(sealedText, headerOf([one[0]!]))).toEqual([]);
    expect(opened(sealedText, `sid.1=${one[1]}`)).toEqual([]);
    expect(opened(sealedText, `sid.1=${one[1]}; sid=${one[0]}`)).toHaveLength(1);
    // Both, for two paths: each with its own.
    expect(opened(sealedText, `${headerOf(one)}; ${headerOf(other)}`)).toHaveLength(2);
  });

  it('are tried a few times at the most, and none that is too long', () => {
    const many = Array.from({ length: 50 }, () => `sid=2${'A'.repeat(3839)}; sid.1=BB`).join('; ');
    expect([...joined(many, 'sid')]).toHaveLength(4);
    expect([...joined(`sid=1${'A'.repeat(3840)}`, 'sid')]).toEqual([]);
    expect([...joined(`sid=2${'A'.repeat(3839)}; sid.1=${'A'.repeat(3841)}`, 'sid')]).toEqual([]);
    expect([...joined('sid=0A; sid=3A; sid=A; sid=; sid=-1', 'sid')]).toEqual([]);
  });
});

describe('a packed text', () => {
  it.each(['', 'a', 'é€𐍈', 'x'.repeat(1023), 'x'.repeat(1024), 'é'.repeat(20_000)])(
    'is what it was: %.9s',
    (text) => expect(unpack(pack(text))).toBe(text),
  );

  it('is compressed from a size on', () => {
    expect(pack('x'.repeat(1023))).toHaveLength(1024);
    expect(pack('x'.repeat(1024)).length).toBeLessThan(30);
  });

  it('is none where it would be longer than what is packed, or is damaged', () => {
    const bomb = (length: number) =>
      Buffer.concat([Uint8Array.of(1), deflateRawSync(Buffer.alloc(length, 'x'))]);
    expect(unpack(bomb(MAX_TEXT))).toHaveLength(MAX_TEXT);
    expect(unpack(bomb(MAX_TEXT + 1))).toBeUndefined();
    expect(unpack(bomb(50_000_000))).toBeUndefined();
    expect(unpack(bomb(2000).subarray(0, 8))).toBeUndefined();
    expect(unpack(Buffer.of(2, 65))).toBeUndefined();
    expect(unpack(Buffer.of())).toBeUndefined();
  });
});
