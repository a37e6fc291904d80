/** All that one request may have done to the stored data of a session. */
export interface Effect {
  readonly n: number;
  /** The session's id when it was handed to the library. */
  readonly id: string;
  /** `*`: every field but those in `except`. */
  readonly field: string;
  readonly except?: readonly string[];
  /** `signIn`: it makes the session the principal's that `value` names. */
  readonly kind: 'set' | 'delete' | 'add' | 'life' | 'signIn';
  readonly value?: string;
  readonly by?: number;
  /** For `life`, a life of its own for the session. */
  readonly life?: { readonly idleMs: number; readonly absoluteMs: number };
  /** It can't have been stored before: its handler had not come to it. */
  readonly fromMs: number;
  /** When it was acknowledged; `Infinity` where it never was. */
  readonly ackMs: number;
  /** It can't be stored any later, if the promises are kept. */
  readonly lastMs: number;
  /** Whether it was acknowledged as stored by this request; others may still have ended the session meanwhile. */
  readonly isAcknowledged: boolean;
  /** Whether its session had no record before. */
  readonly isNew: boolean;
  /** Whether it may have gone to a session with another id, which nobody has told. */
  readonly mayHaveMoved: boolean;
  /** The id of the session that it was meant for, where that had ended by then. */
  readonly movedFrom?: string | undefined;
}

/**
 * The end of a session; or of all tokens that it had (`regenerate`), or of all that was under way in it (`expel`: a
 * revocation has come between, and the session goes on). `replace`: a sign-in as somebody else has ended it.
 */
export interface Ending {
  readonly n: number;
  readonly id: string;
  readonly kind: 'destroy' | 'revoke' | 'replace' | 'revokeAll' | 'limit' | 'regenerate' | 'expel';
  readonly fromMs: number;
  readonly ackMs: number;
  readonly lastMs: number;
}

/** Whether the session is no more after it. */
export function isEnd({ kind }: Pick<Ending, 'kind'>): boolean {
  return kind !== 'regenerate' && kind !== 'expel';
}

/** Whether an ending is a request's own, whose order among its other steps is known. */
export function isOwn({ n, kind }: Pick<Ending, 'n' | 'kind'>, by: number): boolean {
  return n === by && kind !== 'revokeAll' && kind !== 'limit' && kind !== 'expel';
}

/** A sign-in that was answered with its refusal. */
export interface Refusal {
  readonly n: number;
  readonly id: string;
  readonly principal: string;
  readonly kind: 'limit' | 'revoked';
  readonly fromMs: number;
  readonly toMs: number;
}

/** Ends sessions of a principal: all that it has, or the one with this id. */
export interface Revocation {
  readonly n: number;
  readonly principal: string;
  readonly id?: string;
  readonly exceptId?: string;
  readonly fromMs: number;
  /** When whoever asked for it was told, of a failure too. */
  readonly endMs: number;
  readonly ackMs: number;
  readonly lastMs: number;
}

/** What a request did, worked out from its program and from what its handler reported. */
export interface Deeds {
  readonly effects: Effect[];
  readonly endings: Ending[];
  readonly refusals: Refusal[];
  readonly revocations: Revocation[];
  /** Values that the handler took back before anything was to be stored: nobody may ever see them. */
  readonly takenBack: string[];
}
