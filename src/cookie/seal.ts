import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

/** The format that this version writes, the first byte of what is sealed. */
const VERSION = 1;
const ALGORITHM = 'aes-256-gcm';
const SALT = 16;
/** What the keys come from: as long as a digest of SHA-512. */
const MASTER_KEY = 64;
const KEY = 32;
const NONCE = 12;
const TAG = 16;
/** What sealing adds, in bytes. */
export const SEALING = 1 + SALT + TAG;

/** Parts the keys from whatever else a secret keys, such as signatures. */
const INFO = `nestjs-server-session cookie ${VERSION}`;

/**
 * Encrypts and authenticates with what one secret gives: AES-256-GCM. Each text has a key and a nonce of its own, by a
 * random salt, as in RFC 8188, 2.2 and 2.3: under one key, random nonces would be too few after 2^32 texts (NIST SP
 * 800-38D, 8.3), which a busy server writes in weeks.
 *
 * What is sealed: version, salt, the encrypted text, tag.
 */
export class Seal {
  readonly #key: KeyObject;

  constructor(secret: string) {
    const key = new Uint8Array(hkdfSync('sha512', secret, '', INFO, MASTER_KEY));
    this.#key = createSecretKey(key);
    key.fill(0);
  }

  /** @param context what has to be the same when it is opened */
  seal(text: Uint8Array, context: string): Buffer {
    const salt = randomBytes(SALT);
    const { key, nonce } = this.#keysOf(salt);
    const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG });
    cipher.setAAD(aad(context));
    const encrypted = cipher.update(text);
    cipher.final();
    return Buffer.concat([Uint8Array.of(VERSION), salt, encrypted, cipher.getAuthTag()]);
  }

  /** `undefined` where it is something else than what this seal has sealed in that context. */
  open(sealed: Buffer, context: string): Buffer | undefined {
    if (sealed.length < SEALING || sealed[0] !== VERSION) return undefined;
    const { key, nonce } = this.#keysOf(sealed.subarray(1, 1 + SALT));
    const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG });
    decipher.setAAD(aad(context));
    decipher.setAuthTag(sealed.subarray(-TAG));
    const text = decipher.update(sealed.subarray(1 + SALT, -TAG));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return text;
  }

  #keysOf(salt: Uint8Array): { readonly key: Buffer; readonly nonce: Buffer } {
    const both = createHmac('sha512', this.#key).update(salt).digest();
    return { key: both.subarray(0, KEY), nonce: both.subarray(KEY, KEY + NONCE) };
  }
}

function aad(context: string): Buffer {
  return Buffer.from(`${VERSION} ${context}`);
}
