import type { AtomicSessionBackend } from '../backends/session-backend.js';
import type { SessionCodec } from './codec.js';
import type { Lifetime } from './lifetime.js';
import type { Operations } from './operations.js';

/** What sessions need of the application they run in. */
export interface SessionRuntime {
  readonly backend: AtomicSessionBackend;
  readonly codec: SessionCodec;
  readonly lifetime: Lifetime;
  /** How long a use is not written again. */
  readonly touchIntervalMs: number;
  /** After how long a token is renewed; `Infinity` for never. */
  readonly renewIntervalMs: number;
  /** How long the token before it still finds the session. */
  readonly renewGraceMs: number;
  readonly operations: Operations;
  /** Told of a stored session that can't be read. The error may quote the session's values, so it is not passed on. */
  onUndecodable(id: string): void;
}
