import { describe, expect, it } from 'vitest';
import { JsonCodec, type SessionCodec } from 'nestjs-server-session';
import { decodeField, encodeField } from '../../../src/session/codec.js';

const json = new JsonCodec();
/** Leaves text as it is: every text could be mistaken for something else. */
const plain: SessionCodec = { encode: (value) => String(value), decode: (text) => text };

describe('a field’s text', () => {
  it.each([0, -0.5, 1e21, 1e-7, Number.MAX_SAFE_INTEGER, -12])(
    'is decimal for the number %s, whatever the codec',
    (value) => {
      expect(encodeField(plain, 'n', value)).toBe(String(value));
      expect(decodeField(plain, encodeField(plain, 'n', value))).toBe(value);
    },
  );

  it.each(['12', '-0.5', '1e5', '=', '=12', '', 'x', 'null'])(
    'comes back as text where a codec writes %s',
    (value) => {
      expect(decodeField(plain, encodeField(plain, 't', value))).toBe(value);
      expect(decodeField(json, encodeField(json, 't', value))).toBe(value);
    },
  );

  it.each(['1e999', '-1e999'])(
    'is a finite number where it reads as more than all numbers: %s',
    (text) => {
      const value = decodeField(json, text);
      expect(value).toBe(text.startsWith('-') ? -Number.MAX_VALUE : Number.MAX_VALUE);
      expect(decodeField(json, encodeField(json, 'n', value))).toBe(value);
    },
  );

  it('is no promise, nor is its value', () => {
    const late = () => Promise.reject(new Error('late'));
    const wrong = { encode: late, decode: late } as unknown as SessionCodec;
    expect(() => encodeField(wrong, 't', 'x')).toThrow('gave a promise');
    expect(() => decodeField(wrong, '"x"')).toThrow('gave a promise');
  });

  it('must be text', () => {
    const wrong = { encode: () => 1, decode: (text: string) => text } as unknown as SessionCodec;
    expect(() => encodeField(wrong, 'x', 'y')).toThrow(
      "session.x can't be saved: the codec's encode() returned no text",
    );
  });
});
