import { SessionBackendError } from '../errors/session-backend.error.js';
import { describeError } from '../errors/describe-error.js';

/** What is used of a store of express-session or @fastify/session. */
export interface OldStore {
  get(id: string, callback: (error: unknown, session?: unknown) => void): unknown;
  destroy(id: string, callback: (error?: unknown) => void): unknown;
}

/** A session as another library has left it. */
export interface OldSession {
  readonly data: Readonly<Record<string, unknown>>;
  /** When its cookie ends, milliseconds since 1970; `Infinity` where it ends with the browser. */
  readonly endsAtMs: number;
  /** How long its cookie is given anew with each use. */
  readonly maxAgeMs: number | undefined;
}

/** Reads and ends the sessions of another library, each within a time limit. */
export class OldSessions {
  constructor(
    private readonly store: OldStore,
    private readonly timeoutMs: number,
  ) {}

  /** `null` where it has ended. @throws SessionBackendError */
  async read(id: string): Promise<OldSession | null> {
    const found = await this.#bounded('read', (callback) => this.store.get(id, callback));
    const session = oldSession(found);
    return session && session.endsAtMs > Date.now() ? session : null;
  }

  /** @throws SessionBackendError */
  async end(id: string): Promise<void> {
    await this.#bounded('end', (callback) => this.store.destroy(id, callback));
  }

  #bounded(what: string, run: (callback: (error: unknown, found?: unknown) => void) => unknown) {
    return new Promise<unknown>((resolve, reject) => {
      const fail = (cause: unknown) => {
        clearTimeout(timer);
        const message = `The store of the option migrate failed to ${what} a session: ${describeError(cause)}`;
        reject(new SessionBackendError(message, { cause }));
      };
      const timer = setTimeout(
        () => fail(new Error(`no answer within ${this.timeoutMs} ms`)),
        this.timeoutMs,
      );
      const answered = (error: unknown, found?: unknown) => {
        // Some stores tell of a session that is not there by an error.
        if (error && (error as NodeJS.ErrnoException).code !== 'ENOENT') return fail(error);
        clearTimeout(timer);
        resolve(found);
      };
      try {
        const running = run(answered);
        // A store may be asynchronous beside its callback, and fail that way alone.
        if (running instanceof Promise) running.catch(fail);
      } catch (cause) {
        fail(cause);
      }
    });
  }
}

function oldSession(found: unknown): OldSession | null {
  if (typeof found !== 'object' || found === null) return null;
  const { cookie, ...data } = found as Record<string, unknown>;
  const { expires, originalMaxAge } = (cookie ?? {}) as Record<string, unknown>;
  const maxAgeMs = typeof originalMaxAge === 'number' ? originalMaxAge : undefined;
  const endsAtMs = expires ? new Date(expires as string).getTime() : Infinity;
  return Number.isNaN(endsAtMs) ? null : { data, endsAtMs, maxAgeMs };
}
