import { UnauthorizedException } from '@nestjs/common';
import { acrossCopies } from './across-copies.js';

/**
 * Why a session has ended for whoever watches it:
 * - `destroyed`: by `session.destroy()` or `signOut()`
 * - `revoked`: by `sessions.revoke()` or `revokeAll()`
 * - `limit`: by a sign-in beyond `principals.maxSessions`
 * - `replaced`: it goes on in a new generation, by `regenerate()` or `signIn()`, and the client has a new token
 * - `expired`: by time
 * - `unknown`: it was gone when it was asked for, as after a time without news
 */
export type SessionEndReason =
  'destroyed' | 'revoked' | 'limit' | 'replaced' | 'expired' | 'unknown';

/** The `reason` of a `sessions.signal()` that is aborted. An exception filter sees it as a 401. */
export class SessionEndedError extends UnauthorizedException {
  static {
    acrossCopies(this, 'SessionEndedError');
  }

  override readonly name = 'SessionEndedError';

  /** @param id `undefined` where the session could not be read, for the `cause` that is given */
  constructor(
    readonly id: string | undefined,
    readonly reason: SessionEndReason,
    options?: { cause?: unknown },
  ) {
    super({ statusCode: 401, message: 'The session has ended', error: 'Unauthorized' }, options);
    this.message =
      id === undefined ? 'The session could not be read.' : `Session ${id} has ended: ${reason}.`;
  }
}
