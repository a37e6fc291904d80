import type { StoredResult } from './session-store.js';

/** How long what was confirmed of a token counts as true without being asked for again. */
const FRESH_MS = 50;

/**
 * What a client has to be told of its token: a `token` that it does not know or must be sure of, a longer `life` of the one
 * that it has, or that it is to be `clear`ed away.
 */
export type Telling =
  | {
      readonly kind: 'token' | 'life';
      readonly token: string;
      readonly expiresAtMs: number;
      readonly isPersistent: boolean | undefined;
    }
  | { readonly kind: 'clear' };

/** Keeps what a client has to be told until it is, and whether that is still true. */
export class ClientNotice {
  #telling: Telling | undefined;
  #confirmedAtMs = 0;
  /** The token that a renewal gave. */
  #renewed: string | undefined;

  get telling(): Telling | undefined {
    return this.#telling;
  }

  /**
   * Whether something would be told that may no longer be true: somebody has replaced or ended the token since it was
   * confirmed, or has written to a session that was left empty.
   */
  get isOutdated(): boolean {
    return this.#telling !== undefined && performance.now() - this.#confirmedAtMs > FRESH_MS;
  }

  /** Whether the client must be told even if that can't be confirmed: without it the session would be lost to it. */
  get isUrgent(): boolean {
    return this.#telling?.kind === 'token';
  }

  clear(): void {
    this.#telling = { kind: 'clear' };
  }

  forget(): void {
    this.#telling = undefined;
  }

  /** As `forget`; a cookie that is to be cleared still is. */
  forgetToken(): void {
    if (this.#telling?.kind !== 'clear') this.forget();
  }

  /** Notes what the store says of the token, and what of that is news to the client. */
  confirm(result: StoredResult, news: 'token' | 'life' | undefined, isRenewal = false): void {
    const { token, expiresAtMs, isPersistent, isEmpty } = result;
    const known = this.#telling?.kind === 'clear' ? undefined : this.#telling?.kind;
    const kind = news === 'token' ? news : (known ?? news);
    this.#confirmedAtMs = performance.now();
    if (isRenewal) this.#renewed = token;
    if (isEmpty) return this.#leaveEmpty(token);
    this.#telling =
      token !== undefined && kind ? { kind, token, expiresAtMs, isPersistent } : undefined;
  }

  /**
   * Clears the cookie of a session without data. Not where a renewal's token was not told yet: requests under way with the
   * token before it may still write, and would leave a session that nobody finds.
   */
  #leaveEmpty(token: string | undefined): void {
    const isUntold = this.#telling?.kind === 'token' && this.#telling.token === this.#renewed;
    if (!isUntold || token !== this.#renewed) this.clear();
  }

  /** What is to be told, which then has been. */
  take(): Telling | undefined {
    const telling = this.#telling;
    this.#telling = undefined;
    return telling;
  }
}
