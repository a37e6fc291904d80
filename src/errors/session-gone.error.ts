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

  /** @param isOfSocket whether nothing can go on in a new session, of which a socket could not tell its client */
  constructor(
    readonly id: string,
    isOfSocket = false,
  ) {
    const ended =
      'it was destroyed, revoked, replaced by a new generation (regenerate) or has expired';
    const advice = isOfSocket
      ? 'have the client connect again'
      : 'call regenerate() to go on in a new session';
    super(`Session ${id} no longer exists: ${ended}. Nothing was saved; ${advice}.`);
  }
}
