import type { Effect, Ending, Revocation } from './deeds.js';

/** An effect, with what the rest of the history says of it. */
export interface KnownEffect extends Effect {
  readonly session: string;
  /** Whether it was certainly stored: acknowledged, and nothing may have ended the session under its request. */
  readonly isSure: boolean;
}

export interface KnownEnding extends Ending {
  readonly session: string;
  readonly isSure: boolean;
  /** For `regenerate`: the token that its request brought. */
  readonly token: string | undefined;
  /** By an acknowledged revocation: it is sure where the session was certainly this principal's. */
  readonly revoked?: { readonly principal: string; readonly kind: 'revoke' | 'revokeAll' };
}

/** A token as the answer that first gave it says. */
export interface GivenToken {
  readonly n: number;
  readonly askedMs: number;
  readonly headMs: number;
  readonly session: string;
}

/** A sign-in of one session: done, or not, or nobody knows. */
export interface Attempt {
  readonly n: number;
  readonly session: string;
  readonly principal: string;
  /** It can't have begun before, nor be written after. */
  readonly fromMs: number;
  readonly lastMs: number;
  readonly ackMs: number;
  /** Whether it certainly did not make the session the principal's: it was refused, or went on in another. */
  readonly isRefused: boolean;
  /**
   * Until when it may count, or be looked at, as one that is about to take place. Of several at once in one session none
   * knows whether the others are over.
   */
  readonly pendingMs: number;
  /** Whether it may be another session, which nobody has told, that was signed in. */
  readonly mayHaveMoved: boolean;
  /** When its request had arrived, at the latest. */
  readonly arrivedMs: number;
}

export interface KnownRevocation extends Revocation {
  /** Until when it may have looked for sessions. */
  readonly lookedMs: number;
  readonly isSure: boolean;
}
