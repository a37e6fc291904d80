import { ForbiddenException } from '@nestjs/common';
import { acrossCopies } from './across-copies.js';

/**
 * A page of another origin has had its browser send a request with the session's cookie (cross-site request forgery), or open a
 * WebSocket with it. The session was not read. A `ForbiddenException`, which is answered 403.
 */
export class CrossSiteError extends ForbiddenException {
  static {
    acrossCopies(this, 'CrossSiteError');
  }

  override readonly name = 'CrossSiteError';

  constructor() {
    super({ statusCode: 403, message: 'Request from another origin', error: 'Forbidden' });
    this.message =
      'The request brought the cookie of a session, and a page of another origin has sent it. The session was not read. Write the origin into trustedOrigins, where it is yours.';
  }
}
