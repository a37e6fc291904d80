import { acrossCopies } from './across-copies.js';

/** A value that the codec can't turn into text, such as a BigInt or a cycle. Nothing was saved. */
export class SessionValueError extends TypeError {
  static {
    acrossCopies(this, 'SessionValueError');
  }

  override readonly name = 'SessionValueError';

  constructor(
    readonly key: string,
    reason: string,
    options?: { cause?: unknown },
  ) {
    super(`session.${key} can't be saved: ${reason}`, options);
  }
}
