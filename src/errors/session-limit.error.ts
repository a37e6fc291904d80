import { ConflictException } from '@nestjs/common';
import { acrossCopies } from './across-copies.js';

/** A sign-in was refused, as its principal has as many sessions as `principals.maxSessions` allows. Nothing was changed. */
export class SessionLimitError extends ConflictException {
  static {
    acrossCopies(this, 'SessionLimitError');
  }

  override readonly name = 'SessionLimitError';

  constructor(readonly maxSessions: number) {
    super({ statusCode: 409, message: 'Signed in elsewhere already', error: 'Conflict' });
    this.message = `The principal has ${maxSessions} sessions already, the most that principals.maxSessions allows. Nothing was changed.`;
  }
}
