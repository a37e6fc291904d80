import { hash, timingSafeEqual } from 'node:crypto';
import { TOKEN_LENGTH } from '../session/token.js';

/** Block and digest of SHA-256, in bytes, and the length of a digest in base64 without padding. */
const BLOCK = 64;
const DIGEST = 32;
export const SIGNATURE_LENGTH = 43;

/**
 * Signs tokens as cookie-parser does: HMAC-SHA256 (RFC 2104), base64 without padding.
 *
 * Written out over the one-shot `crypto.hash`, because making a `crypto.Hmac` and collecting it costs a busy server
 * about five times as much as the two hashes: it would be the largest part of reading a session.
 */
export class Signature {
  readonly #inner = Buffer.alloc(BLOCK + TOKEN_LENGTH);
  readonly #outer = Buffer.alloc(BLOCK + DIGEST);
  readonly #expected = Buffer.alloc(SIGNATURE_LENGTH);
  readonly #given = Buffer.alloc(SIGNATURE_LENGTH);

  constructor(secret: string) {
    // Not a Buffer, which would leave the secret in the memory that all small Buffers share.
    const bytes = new TextEncoder().encode(secret);
    const key = bytes.length > BLOCK ? hash('sha256', bytes, 'buffer') : bytes;
    for (let i = 0; i < BLOCK; i++) {
      const byte = key[i] ?? 0;
      this.#inner[i] = byte ^ 0x36;
      this.#outer[i] = byte ^ 0x5c;
    }
  }

  /** The signature of a token. */
  of(token: string): string {
    this.#inner.write(token, BLOCK, 'latin1');
    // As text: making a Buffer of it takes as long as the hash.
    this.#outer.write(hash('sha256', this.#inner, 'binary'), BLOCK, 'latin1');
    return hash('sha256', this.#outer, 'base64').slice(0, SIGNATURE_LENGTH);
  }

  /** Whether a signature is that of a token, in a time that does not depend on how much of it is right. */
  verifies(token: string, signature: string): boolean {
    if (token.length !== TOKEN_LENGTH || signature.length !== SIGNATURE_LENGTH) return false;
    this.#expected.write(this.of(token), 'latin1');
    this.#given.write(signature, 'latin1');
    return timingSafeEqual(this.#expected, this.#given);
  }
}
