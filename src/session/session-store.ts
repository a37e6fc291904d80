import type { SessionChange, SessionRecord } from '../backends/session-backend.js';
import type { EndReason } from '../backends/session-ends.js';
import type { SignIn as Admittable } from '../principals/sign-ins.js';
import type { OwnLifetime, SessionMetadata } from './metadata.js';
import type { Identity } from './token.js';

/** What is stored of a session, decoded. */
export interface DecodedRecord {
  readonly metadata: SessionMetadata;
  readonly data: ReadonlyMap<string, unknown>;
}

/** A session as it was found. */
export interface LoadedSession extends DecodedRecord {
  readonly kind: 'session';
  readonly record: SessionRecord;
  /** With the secret that was asked with. */
  readonly identity: Identity;
  /** Whether that secret is the session's current one, and not the one before a renewal. */
  readonly isCurrent: boolean;
}

/** A token that finds a session and does not open it: it was replaced, or the record is of a later format. */
export interface RefusedToken {
  readonly kind: 'refused';
  /** The session's id, where whoever brings the token may still end it. */
  readonly id?: string;
}

/** What became of a change, and what its client may be told. */
export type StoreResult = { readonly status: 'gone' } | StoredResult;

export interface StoredResult {
  readonly status: 'stored';
  /** The token that finds the session from now on; `undefined` where only another request knows it. */
  readonly token: string | undefined;
  readonly expiresAtMs: number;
  /** Whether its cookie outlives the browser, where the session says. */
  readonly isPersistent: boolean | undefined;
  /** Whether the session held no data before, and whether it holds none now. */
  readonly wasEmpty: boolean;
  readonly isEmpty: boolean;
  /** Where the change signed somebody in: when that was. */
  readonly signedInAtMs?: number | undefined;
}

/** Whose a session is, and since when. */
export type Whose = Pick<SessionMetadata, 'principal' | 'signedInAtMs'>;

/** A session that is to end. */
export interface Leaving {
  readonly id: string;
  readonly whose: Whose;
}

/** Whose a session is to be, and how long it is to live then, by the client's wish. */
export interface SignIn extends Admittable {
  readonly lifetime: OwnLifetime;
  /** Sessions of somebody else in whose place it comes, to be ended once it is stored. */
  readonly leaving: readonly Leaving[];
}

/** What is to be changed, with the identity that the session is to have from then on. */
export interface StoreChange extends Omit<SessionChange, 'generation' | 'hash' | 'secret'> {
  /** A life of its own that the session is given. */
  readonly ownLifetime?: OwnLifetime | undefined;
  /** What of that was asked for before, and is settled with it. */
  readonly ownToStore?: OwnLifetime | undefined;
  /** A new secret: by `regenerate`, or by a renewal, which takes place only where the old one is current. */
  readonly next?:
    { readonly identity: Identity; readonly kind: 'regenerate' | 'renew' } | undefined;
  /** Whose the session is to be. */
  readonly signIn?: SignIn | undefined;
  /** Whether it is to be nobody's. */
  readonly isSignOut?: boolean;
  /** Whose it is. */
  readonly whose?: Whose;
}

/**
 * Where sessions are kept: the one seam between a session's life and whatever keeps it. One store keeps them in a backend under
 * their id ({@link ServerStore}), one in the token itself (`CookieStore`).
 *
 * Each method rejects with a `SessionBackendError` where the system fails; what was asked for may have been done then. What
 * signs somebody in may also reject with a `SignInRevokedError` or a `SessionLimitError`, and what makes a session too large
 * with a `SessionSizeError`: nothing has changed then.
 */
export interface SessionStore {
  /**
   * Whether a session is kept in its token and nowhere else: each change gives another, and is lost where the client can't be
   * told of that.
   */
  readonly isInToken?: true;
  /** The clock that ends sessions, milliseconds since 1970. */
  now(): number;
  /** What a session goes by that does not exist yet, where the store has a kind of its own. */
  newIdentity?(): Identity;
  load(token: string): Promise<LoadedSession | RefusedToken | null>;
  /** Reads a session again, whatever its secret is by now; `null` where it has ended. */
  reload(identity: Identity): Promise<LoadedSession | null>;
  /** Adds a session, whose record has all but what says who may open it. */
  create(identity: Identity, begin: () => SessionRecord): Promise<StoreResult>;
  update(identity: Identity, change: StoreChange): Promise<StoreResult>;
  /** Ends a session for good; whether there was one. @param whose what is known of that */
  end(id: string, reason: EndReason, whose?: Whose): Promise<boolean>;
}
