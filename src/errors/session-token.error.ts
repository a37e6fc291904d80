import { acrossCopies } from './across-copies.js';

const REASONS = {
  answered:
    'the head of the response has left. Begin the session, or call regenerate(), before the first byte',
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

/** A session needs a new token, of which its client can't be told. Nothing was changed. */
export class SessionTokenError extends Error {
  static {
    acrossCopies(this, 'SessionTokenError');
  }

  override readonly name = 'SessionTokenError';

  constructor(reason: UntoldReason) {
    super(`The client can't be told of a new token, as ${REASONS[reason]}. Nothing was changed.`);
  }
}
