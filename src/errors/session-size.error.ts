import { acrossCopies } from './across-copies.js';

/** A session is too large for the cookies that are to hold it. Nothing was changed: the client has it as it was. */
export class SessionSizeError extends Error {
  static {
    acrossCopies(this, 'SessionSizeError');
  }

  override readonly name = 'SessionSizeError';

  /**
   * @param size what it takes, in words
   * @param fields how many characters its fields have, the largest first
   */
  constructor(size: string, fields: readonly (readonly [name: string, length: number])[]) {
    const largest = fields.map(([name, length]) => `${name} (${length})`).join(', ');
    super(
      `The session is too large for its cookies: ${size}. Its largest fields, in characters: ${largest}. Nothing was changed. Keep less in it, or keep sessions in a backend, where there is room.`,
    );
  }
}
