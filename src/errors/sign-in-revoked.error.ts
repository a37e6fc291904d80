import { UnauthorizedException } from '@nestjs/common';
import { acrossCopies } from './across-copies.js';

/**
 * A sign-in was refused, as all sessions of its principal were revoked since its request arrived. A new request may sign in.
 */
export class SignInRevokedError extends UnauthorizedException {
  static {
    acrossCopies(this, 'SignInRevokedError');
  }

  override readonly name = 'SignInRevokedError';

  constructor() {
    super({ statusCode: 401, message: 'Sign in again', error: 'Unauthorized' });
    this.message =
      'All sessions of the principal were revoked (revokeAll) since this request arrived, or it is older than ten minutes. Nothing was changed; a new request may sign in. To go on in this request, pass its session as revokeAll(principal, { except: session }).';
  }
}
