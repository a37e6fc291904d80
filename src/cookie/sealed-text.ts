import { chunkCount, type Joined } from './chunks.js';
import { Seal, SEALING } from './seal.js';

/** A token that was sealed, and whether with a secret that no longer seals. */
export interface OpenedToken {
  readonly token: string;
  readonly isOld: boolean;
}

/** Characters that bytes take, sealed. */
export function sealedLength(bytes: number): number {
  return Math.ceil(((bytes + SEALING) * 4) / 3);
}

/** Tokens as cookies have them: sealed by the first of the secrets, opened by all, in base64url. */
export class SealedText {
  readonly #seals: readonly Seal[];

  constructor(secrets: readonly string[]) {
    this.#seals = secrets.map((secret) => new Seal(secret));
  }

  /** @param name of the cookie, which alone can hold it then */
  seal(token: string, name: string): string {
    const count = chunkCount(sealedLength(token.length));
    const bytes = Buffer.from(token, 'latin1');
    return this.#seals[0]!.seal(bytes, contextOf(name, count)).toString('base64url');
  }

  /** `undefined` where the text was not sealed for such a cookie, or is not exactly as it was. */
  open({ text, count }: Joined, name: string): OpenedToken | undefined {
    const sealed = Buffer.from(text, 'base64url');
    // What decodes to the same bytes may be another text.
    if (sealed.toString('base64url') !== text) return undefined;
    for (const [place, seal] of this.#seals.entries()) {
      const opened = seal.open(sealed, contextOf(name, count));
      if (opened) return { token: opened.toString('latin1'), isOld: place > 0 };
    }
    return undefined;
  }
}

function contextOf(name: string, count: number): string {
  return `${count} ${name}`;
}
