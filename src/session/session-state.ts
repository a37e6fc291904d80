import type { SignIn } from './session-store.js';
import type { Identity } from './token.js';

/**
 * - `new`: not stored; it is created when there is something to store
 * - `stored`: as far as this request knows. `isCurrent`: it knows the session's current secret
 * - `gone`: somebody else has ended it; what this request still writes goes nowhere
 * - `refused`: the request's token was replaced, or the record is of a later format: an empty session that can't be written.
 *   `id`: what `destroy` may still end
 * - `unavailable`: the backend could not give it; whoever writes to it gets the backend's error
 */
export type SessionState =
  | { readonly name: 'new' }
  | { readonly name: 'gone' }
  | { readonly name: 'stored'; readonly isCurrent: boolean }
  | { readonly name: 'refused'; readonly id?: string | undefined }
  | { readonly name: 'unavailable'; readonly error: Error };

/** A new secret and generation that `regenerate` or `signIn` has asked for, given with the next change. */
export interface Regeneration {
  readonly identity: Identity;
  /** The data fields that stay; all of them where it is missing. */
  readonly keep?: readonly string[] | undefined;
  readonly signIn?: SignIn | undefined;
}
