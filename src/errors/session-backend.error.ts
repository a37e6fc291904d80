import { ServiceUnavailableException } from '@nestjs/common';
import { acrossCopies } from './across-copies.js';

/**
 * The backend failed or did not answer in time. Exception filters see it as a 503; what failed is in `message` and
 * `cause`, which the response does not show.
 */
export class SessionBackendError extends ServiceUnavailableException {
  static {
    acrossCopies(this, 'SessionBackendError');
  }

  override readonly name = 'SessionBackendError';

  constructor(message: string, options?: { cause?: unknown }) {
    // Written out: with no response, Nest 11 answers without a message.
    super({ statusCode: 503, message: 'Service Unavailable' }, options);
    this.message = message;
  }
}
