import type { SessionCodec } from './codec.js';
import { SessionFields } from './session-fields.js';

/** The data of a session that could not be read: none, and none can be added. */
export class UnavailableFields extends SessionFields {
  constructor(
    codec: SessionCodec,
    private readonly error: Error,
  ) {
    super(codec);
  }

  override set(): never {
    throw this.error;
  }

  override increment(): never {
    throw this.error;
  }
}
