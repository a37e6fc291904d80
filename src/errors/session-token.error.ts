import { acrossCopies } from './across-copies.js';

const REASONS = {
  answered:
    'the head of the response has left. Do it before the first byte; perhaps an await is missing before what does it',
  path: 'this request is outside of cookie.path, so that no browser would come back with it. Begin sessions inside of it, or widen cookie.path',
  socket:
    'a socket can bring it none. Do this over HTTP, and connect again with the token that the response brings',
  handshake:
    'the handshake of its socket brought no session, and over a socket none can be begun. Begin it over HTTP, and connect again',
} as const;

export type UntoldReason = keyof typeof REASONS;

/** Whether no session of the client can be given a token, a new one neither. */
export function isForGood(reason: UntoldReason): boolean {
  return reason === 'socket' || reason === 'handshake';
}

/**
 * A session needs a new token, of which its client can't be told; or it was changed, and is kept in the client's cookie.
 * Nothing was changed.
 */
export class SessionTokenError extends Error {
  static {
    acrossCopies(this, 'SessionTokenError');
  }

  override readonly name = 'SessionTokenError';

  /** @param isChange whether any change of the session would have to be told, as its client keeps it */
  constructor(reason: UntoldReason, isChange = false) {
    const untold = isChange ? 'a change of its session, which its cookie holds' : 'a new token';
    super(`The client can't be told of ${untold}, as ${REASONS[reason]}. Nothing was changed.`);
  }
}
