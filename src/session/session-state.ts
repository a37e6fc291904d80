import type { SignIn as Admittable } from '../principals/sign-ins.js';
import type { OwnLifetime } from './metadata.js';
import type { Whose } from './session-store.js';
import type { Identity } from './token.js';

/**
 * - `new`: not stored; it is created when there is something to store. `signIn`: whose it is to be then
 * - `stored`: as far as this request knows. `isCurrent`: it knows the session's current secret. `next`: what `regenerate`
 *   has asked for, written with the next change
 * - `gone`: somebody else has ended it; what this request still writes goes nowhere
 * - `refused`: the request's token was replaced, or the record is of a later format: an empty session that can't be written.
 *   `id`: what `destroy` may still end
 * - `ending`: ended here, which is not known to have been done; a new session follows
 * - `unavailable`: the backend could not give it; whoever writes to it gets the backend's error
 */
export type SessionState =
  | { readonly name: 'new'; readonly signIn?: SignIn | undefined }
  | { readonly name: 'gone' }
  | { readonly name: 'stored'; readonly isCurrent: boolean; readonly next?: Regeneration }
  | { readonly name: 'refused'; readonly id?: string | undefined }
  | {
      readonly name: 'ending';
      readonly id: string;
      readonly whose: Whose;
      readonly signIn?: SignIn | undefined;
    }
  | { readonly name: 'unavailable'; readonly error: Error };

/** Whose a session is to be, and how long it is to live then, by the client's wish. */
export interface SignIn extends Admittable {
  readonly lifetime: OwnLifetime;
}

/** A new secret and generation that `regenerate` or `signIn` has asked for. */
export interface Regeneration {
  readonly identity: Identity;
  /** The data fields that stay; all of them where it is missing. */
  readonly keep: readonly string[] | undefined;
  readonly signIn?: SignIn | undefined;
  /** Whether the session was created to be signed in: nobody has been told of it. */
  readonly isUnseen?: boolean;
}
