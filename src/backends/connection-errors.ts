import { describeError } from '../errors/describe-error.js';

/** How long the error of one node of several says something of what happens now: the others go on. */
export const NODE_ERROR_MS = 10_000;

/**
 * Why a client has no connection. Its commands do not say so: they wait, or fail with "Connection is closed.", "Reached the
 * max retries per request limit", "The client is closed".
 */
export class ConnectionErrors {
  #last: { readonly error: Error; readonly untilMs: number } | undefined;

  /** The last error of a connection, with its host, as long as it is not mended. */
  get last(): Error | undefined {
    return this.#last && performance.now() < this.#last.untilMs ? this.#last.error : undefined;
  }

  /**
   * As an error of our own: ioredis attaches the command to its errors, which for AUTH holds the password.
   *
   * @param place host and port, or what else tells the server from others
   * @param forMs how long it is told at the most
   */
  note(cause: unknown, place?: string, forMs = Infinity): void {
    const text = describeError(cause);
    const where = place === undefined || text.includes(place) ? '' : `${place}: `;
    this.#last = { error: new Error(where + text), untilMs: performance.now() + forMs };
  }

  /** A server that is killed closes its connections without an error; the next try to connect has one. */
  noteClose(place?: string): void {
    const which = place === undefined ? 'all connections' : `the connection to ${place}`;
    this.#last ??= { error: new Error(`${which} closed`), untilMs: Infinity };
  }

  mended(): void {
    this.#last = undefined;
  }
}
