/** All that one request may have done to the stored data of a session. */
export interface Effect {
  readonly n: number;
  /** The session's id when it was handed to the library. */
  readonly id: string;
  /** `*`: every field but those in `except`. */
  readonly field: string;
  readonly except?: readonly string[];
  readonly kind: 'set' | 'delete' | 'add' | 'life';
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
}

/** The end of a session, or of all tokens that it had. */
export interface Ending {
  readonly n: number;
  readonly id: string;
  readonly kind: 'destroy' | 'revoke' | 'regenerate';
  readonly fromMs: number;
  readonly ackMs: number;
  readonly lastMs: number;
}

/** What a request did, worked out from its program and from what its handler reported. */
export interface Deeds {
  readonly effects: Effect[];
  readonly endings: Ending[];
  /** Values that the handler took back before anything was to be stored: nobody may ever see them. */
  readonly takenBack: string[];
}
