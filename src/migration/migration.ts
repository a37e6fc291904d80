import { createHmac } from 'node:crypto';
import { TOKEN_LENGTH } from '../session/token.js';
import { type OldCookieOptions, oldIds } from './old-cookie.js';
import type { OldStore } from './old-store.js';

const SOURCE: unique symbol = Symbol.for('nestjs-server-session:migration') as never;

/** Where sessions come from, and what of them. */
export interface MigrationSource {
  readonly store: OldStore;
  readonly cookie: OldCookieOptions;
  readonly keepOldForMs: number;
  /** Whether a use lengthened the life of its cookies. */
  readonly isRolling: boolean;
  readonly rename: Readonly<Record<string, string>>;
  transform(data: Record<string, unknown>): unknown;
}

/** A migration, checked. */
export interface ResolvedMigration {
  readonly source: MigrationSource;
  readonly keys: ImportKeys;
}

/** What the option `migrate` takes: `expressSession()` and `fastifySession()` make it. */
export class Migration {
  constructor(source: MigrationSource) {
    // Shown by nothing, as it holds secrets, and found by another copy of this library.
    Object.defineProperty(this, SOURCE, { value: source });
  }
}

/** What a migration was made of; `undefined` where it is none. */
export function sourceOf(migration: unknown): MigrationSource | undefined {
  return (migration as { [SOURCE]?: MigrationSource } | null)?.[SOURCE];
}

/**
 * By what an imported session goes: its id and its first secret follow from the old id, so that parallel requests find the
 * same one, and its mark, which says that it was imported.
 */
export class ImportKeys {
  readonly #key: Buffer;

  constructor(secret: string) {
    this.#key = createHmac('sha256', secret).update('nestjs-server-session migrate 1').digest();
  }

  /** A token that carries the old id behind it, for whoever has to import the session first. */
  token(oldId: string): string {
    return this.#text('id', oldId, 16) + this.#text('secret', oldId, 32) + oldId;
  }

  /** The id of the mark. */
  mark(oldId: string): string {
    return this.#text('mark', oldId, 16);
  }

  #text(use: string, oldId: string, bytes: number): string {
    const digest = createHmac('sha256', this.#key).update(`${use}:${oldId}`).digest();
    return digest.subarray(0, bytes).toString('base64url');
  }
}

/** The old id behind a token; `undefined` where there is none. */
export function oldIdIn(token: string): string | undefined {
  return token.length > TOKEN_LENGTH ? token.slice(TOKEN_LENGTH) : undefined;
}

/** The tokens of sessions that may have to be imported, by the Cookie header of a request. */
export function importableTokens(
  keys: ImportKeys,
  cookie: OldCookieOptions,
): (header: string | undefined) => readonly string[] {
  return (header) => oldIds(header, cookie).map((id) => keys.token(id));
}
