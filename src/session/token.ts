import { hash, randomBytes } from 'node:crypto';

const TOKEN_BYTES = 32;

/** Length of a token and of an id: 256 bits in base64url. */
export const TOKEN_LENGTH = 43;

/**
 * A new token: 256 random bits, base64url.
 * OWASP asks for at least 64 bits of entropy (Session Management Cheat Sheet, "Session ID Entropy").
 */
export function createToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** A token's public id: its SHA-256, base64url. It names the session and signs nobody in. */
export function tokenId(token: string): string {
  return hash('sha256', token, 'base64url');
}

/** A token and its id, each made when it is first needed. */
export class Identity {
  #token: string | undefined;
  #id: string | undefined;

  constructor(token?: string) {
    this.#token = token;
  }

  /** Of a session whose token only its owner knows. */
  static ofId(id: string): Identity {
    const identity = new Identity();
    identity.#id = id;
    return identity;
  }

  /** The secret, only for the cookie; `undefined` where it is not known here. */
  get token(): string | undefined {
    if (this.#id === undefined) this.#token ??= createToken();
    return this.#token;
  }

  get id(): string {
    return (this.#id ??= tokenId((this.#token ??= createToken())));
  }
}
