import { acrossCopies } from './across-copies.js';

const REASONS = {
  answered:
    'the head of the response has left. Begin the session, or call regenerate(), before the first byte',
  path: 'this request is outside of cookie.path, so that no browser would come back with it. Begin sessions inside of it, or widen cookie.path',
} as const;

export type UntoldReason = keyof typeof REASONS;

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
