/** Why somebody has ended a session. */
export type EndReason = 'destroyed' | 'revoked' | 'limit';

/** What a backend tells of a session. An expiry is nobody's act, and is not told. */
export type EndsNews =
  /** It was there, and has been removed. */
  | {
      readonly kind: 'ended';
      readonly id: string;
      readonly reason: EndReason;
      /** Whose it was. */
      readonly principal: string | undefined;
    }
  /** It has a new generation: what was opened under the one before ends. A renewal is none. */
  | { readonly kind: 'replaced'; readonly id: string; readonly generation: string }
  /** It expires earlier than whoever has read it knows. */
  | { readonly kind: 'shortened'; readonly id: string };

/** Whoever hears of ends. */
export interface EndsListener {
  tell(news: EndsNews): void;
  /**
   * From here on everything is told, and what happened before may not have been: whoever watches a session asks for it. Called
   * when listening begins, and after each gap.
   */
  missed(): void;
}

/** How a backend ends sessions so that others hear of it. */
export interface SessionEnds {
  /** Removes a session as `delete` does, and tells of it where it was there; whether it was. */
  end(id: string, reason: EndReason): Promise<boolean>;
  /**
   * Tells a listener, in whichever process a session ends, until the function that it gives is called. Nothing is told before
   * the first `missed()`. It never fails: where it can't be told of ends it calls `missed()` now and then instead.
   */
  listen(listener: EndsListener): () => void;
}

/** A backend that tells of ends. Where one does not, only its own process is told, and others ask. */
export interface TellingBackend {
  readonly ends: SessionEnds;
}

/** Whether a backend tells of ends. */
export function isTelling(backend: object): backend is TellingBackend {
  return typeof (backend as Partial<TellingBackend>).ends?.listen === 'function';
}
