import { acrossCopies } from './across-copies.js';

/**
 * `save()` found that the session was destroyed, revoked, replaced by a new generation or expired in the meantime. Nothing
 * was saved.
 */
export class SessionGoneError extends Error {
  static {
    acrossCopies(this, 'SessionGoneError');
  }

  override readonly name = 'SessionGoneError';

  constructor(readonly id: string) {
    super(
      `Session ${id} no longer exists: it was destroyed, revoked, replaced by a new generation (regenerate) or expired while this request ran. Nothing was saved; call regenerate() to go on in a new session.`,
    );
  }
}
