import type { PrincipalOf } from '../principals/principal-of.js';
import type { SessionCodec } from './codec.js';
import type { SessionStore } from './session-store.js';
import type { TimeSettings } from './session-times.js';

/** What the life of a session needs of the application it is lived in. */
export interface SessionRuntime extends TimeSettings {
  readonly store: SessionStore;
  readonly codec: SessionCodec;
  /** How whose a session is follows from its data, where `signIn` does not say so. */
  readonly principalOf?: PrincipalOf | undefined;
}
