import { setTimeout as sleep } from 'node:timers/promises';
import { askStore, type SessionStoreLike } from '../backends/express-session/ask-store.js';
import { SessionBackendError } from '../errors/session-backend.error.js';
import { describeError } from '../errors/describe-error.js';

/** What is used of a store of express-session or @fastify/session. */
export type OldStore = Pick<SessionStoreLike, 'get' | 'destroy'>;

/** A session as another library has left it. */
export interface OldSession {
  readonly data: Readonly<Record<string, unknown>>;
  /** When its cookie ends, milliseconds since 1970; `Infinity` where it ends with the browser. */
  readonly endsAtMs: number;
  /** Whether its cookie outlived the browser, or nobody knows. */
  readonly isPersistent: boolean;
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
    const session = oldSession(await this.#ask('get', id));
    return session && session.endsAtMs > Date.now() ? session : null;
  }

  /** @throws SessionBackendError */
  async end(id: string): Promise<void> {
    await this.#ask('destroy', id);
  }

  async #ask(method: keyof OldStore, id: string): Promise<unknown> {
    const isOver = new AbortController();
    const asking = askStore(this.store, method, id);
    const late = sleep(this.timeoutMs, undefined, { signal: isOver.signal }).then(() => {
      throw new Error(`no answer within ${this.timeoutMs} ms`);
    });
    try {
      return await Promise.race([asking, late]);
    } catch (cause) {
      // Some stores tell of a session that is not there by an error.
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
      const message = `The store of the option migrate failed (${method}): ${describeError(cause)}`;
      throw new SessionBackendError(message, { cause });
    } finally {
      isOver.abort();
      for (const each of [asking, late]) each.catch(() => {});
    }
  }
}

function oldSession(found: unknown): OldSession | null {
  if (typeof found !== 'object' || found === null) return null;
  const { cookie, ...data } = found as Record<string, unknown>;
  const { expires, originalMaxAge } = (cookie ?? {}) as Record<string, unknown>;
  const maxAgeMs = typeof originalMaxAge === 'number' ? originalMaxAge : undefined;
  const endsAtMs = expires ? new Date(expires as string).getTime() : Infinity;
  if (Number.isNaN(endsAtMs)) return null;
  const isPersistent = cookie === undefined || endsAtMs !== Infinity || maxAgeMs !== undefined;
  return { data, endsAtMs, isPersistent, maxAgeMs };
}
