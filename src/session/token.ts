import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

const ID_BYTES = 16;
const SECRET_BYTES = 32;
const GENERATION_BYTES = 6;

/** Lengths in base64url. */
export const ID_LENGTH = 22;
const HASH_LENGTH = 43;
export const TOKEN_LENGTH = ID_LENGTH + 43;

/**
 * What a session goes by: its id, for its whole life; the secret that only its client knows, which with the id is the
 * token; and its generation. Each is made when it is first asked for.
 *
 * A secret has 256 random bits and an id 128; OWASP asks for at least 64 (Session Management Cheat Sheet, "Session ID
 * Entropy").
 */
export class Identity {
  #id: string | undefined;
  #secret: string | undefined;
  #hash: string | undefined;
  #generation: string | undefined;

  /** What is left out is made. */
  constructor(id?: string, secret?: string, hash?: string, generation?: string) {
    this.#id = id;
    this.#secret = secret;
    this.#hash = hash;
    this.#generation = generation;
  }

  /** That of a token; what comes after its {@link TOKEN_LENGTH} characters is no part of it. */
  static ofToken(token: string): Identity {
    return new Identity(token.slice(0, ID_LENGTH), token.slice(ID_LENGTH, TOKEN_LENGTH));
  }

  get id(): string {
    return (this.#id ??= random(ID_BYTES));
  }

  /** Only for the client, never for a log or a backend. */
  get token(): string {
    return this.id + this.#ownSecret;
  }

  /** When its session ends if it is not used again, where the token says that. */
  get expiresAtMs(): number | undefined {
    return undefined;
  }

  /** SHA-256 of the secret, base64url. */
  get hash(): string {
    return (this.#hash ??= hash('sha256', this.#ownSecret, 'base64url'));
  }

  get generation(): string {
    return (this.#generation ??= random(GENERATION_BYTES));
  }

  /** The same session in the generation that its record has. */
  inGeneration(generation: string): Identity {
    return new Identity(this.#id, this.#secret, this.#hash, generation);
  }

  /** With a new secret, in the same generation. */
  renewed(): Identity {
    return new Identity(this.id, undefined, undefined, this.generation);
  }

  /** With a new secret, in a new generation. */
  regenerated(): Identity {
    return new Identity(this.id);
  }

  get #ownSecret(): string {
    return (this.#secret ??= random(SECRET_BYTES));
  }
}

const ONE = Buffer.alloc(HASH_LENGTH);
const OTHER = Buffer.alloc(HASH_LENGTH);

/** Whether two hashes of secrets are the same, in a time that does not depend on how much of them is. */
export function isSameHash(one: string, other: string | undefined): boolean {
  if (one.length !== HASH_LENGTH || other?.length !== HASH_LENGTH) return false;
  ONE.write(one, 'latin1');
  OTHER.write(other, 'latin1');
  return timingSafeEqual(ONE, OTHER);
}

function random(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}
