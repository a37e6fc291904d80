import { randomBytes } from 'node:crypto';
import { describeError } from '../errors/describe-error.js';
import { SessionBackendError } from '../errors/session-backend.error.js';
import { type Access, BackendState } from './backend-state.js';
import type { PrincipalIndex } from './principal-index.js';
import type { SessionEnds } from './session-ends.js';
import type {
  AtomicSessionBackend,
  Lifetime,
  SessionChange,
  SessionRecord,
  UpdateResult,
} from './session-backend.js';

/** How many ids a silent backend is asked for: one part of it may answer where another does not. */
const ASKED = 8;

/**
 * Puts a time limit on each operation of a backend and turns each failure into a {@link SessionBackendError}.
 * Logs when the backend begins to fail and when it works again, not each failure.
 */
export class BoundedBackend implements AtomicSessionBackend {
  readonly #state: BackendState;

  constructor(
    private readonly backend: AtomicSessionBackend,
    private readonly timeoutMs: number,
  ) {
    const ask = () => Promise.any(Array.from({ length: ASKED }, () => this.check()));
    this.#state = new BackendState(ask, timeoutMs);
  }

  get(id: string): Promise<SessionRecord | null> {
    return this.#admitted('read', 'get', () => this.backend.get(id));
  }

  set(id: string, record: SessionRecord, ttlSeconds: number): Promise<void> {
    return this.#admitted('write', 'set', () => this.backend.set(id, record, ttlSeconds));
  }

  delete(id: string): Promise<void> {
    return this.#admitted('write', 'delete', () => this.backend.delete(id));
  }

  /** What is not answered in time is told as failed, so it must not be applied after that. */
  create(id: string, record: SessionRecord, ttlSeconds: number): Promise<boolean> {
    const deadlineMs = this.now() + this.timeoutMs;
    return this.#admitted('write', 'create', () =>
      this.backend.create(id, record, ttlSeconds, deadlineMs),
    );
  }

  update(
    id: string,
    change: SessionChange,
    lifetime: Lifetime,
    deadlineMs = Infinity,
  ): Promise<UpdateResult> {
    const latestMs = Math.min(deadlineMs, this.now() + this.timeoutMs);
    return this.#admitted('write', 'update', () =>
      this.backend.update(id, change, lifetime, latestMs),
    );
  }

  /** An index with the same limits. */
  boundedIndex(index: PrincipalIndex): PrincipalIndex {
    const write = <T>(name: string, run: () => Promise<T>) => this.#admitted('write', name, run);
    return {
      enter: (...args) => write('enter a principal', () => index.enter(...args)),
      extend: (...args) => write('extend a principal', () => index.extend(...args)),
      leave: (...args) => write('leave a principal', () => index.leave(...args)),
      fence: (...args) => write('fence a principal', () => index.fence(...args)),
      entries: (...args) => this.#admitted('read', 'list', () => index.entries(...args)),
    };
  }

  /** Ends with the same limits. */
  boundedEnds(ends: SessionEnds): SessionEnds {
    return {
      end: (...args) => this.#admitted('write', 'delete', () => ends.end(...args)),
      listen: (listener) => ends.listen(listener),
    };
  }

  /** Part of creating a session, which is dated by that clock. */
  syncClock(): Promise<void> | undefined {
    const syncing = this.backend.syncClock?.();
    // Where the backend is silent nobody waits for it, and its failure must not end the process.
    syncing?.catch(() => {});
    return syncing && this.#admitted('read', 'create', () => syncing);
  }

  now(): number {
    return this.backend.now?.() ?? Date.now();
  }

  /** Asks for an id that no session has, whatever is known of the backend. @throws SessionBackendError */
  async check(): Promise<void> {
    const id = randomBytes(16).toString('base64url');
    await this.#bounded('read', 'get', () => this.backend.get(id));
  }

  close(): void {
    this.#state.close();
  }

  #admitted<T>(access: Access, operation: string, run: () => Promise<T>): Promise<T> {
    if (!this.#state.isSilent) return this.#bounded(access, operation, run);
    const message = `The session backend does not answer: ${operation} was not tried`;
    return Promise.reject(this.#error(message));
  }

  #bounded<T>(access: Access, operation: string, run: () => Promise<T>): Promise<T> {
    const { timeoutMs } = this;
    const state = this.#state;
    return new Promise<T>((resolve, reject) => {
      const { answers } = state;
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        const message = `The session backend did not answer ${operation} within ${timeoutMs} ms`;
        const error = this.#error(message);
        state.timedOut(access, answers, error);
        reject(error);
      }, timeoutMs);
      const succeeded = (value: T) => {
        if (isLate) return state.answeredLate();
        clearTimeout(timer);
        state.answers++;
        state.succeeded(access);
        resolve(value);
      };
      const failed = (cause: unknown) => {
        if (isLate) return state.answeredLate();
        clearTimeout(timer);
        state.answers++;
        const message = `The session backend failed to ${operation}: ${describeError(cause)}`;
        const error = this.#error(message, cause);
        state.failed(access, error);
        reject(error);
      };
      try {
        run().then(succeeded, failed);
      } catch (cause) {
        failed(cause);
      }
    });
  }

  /** With why the backend can't be reached, where it knows: a command that waits or is given up does not say it. */
  #error(message: string, cause: unknown = this.backend.lastError): SessionBackendError {
    const { lastError } = this.backend;
    const reason = lastError === undefined ? '' : describeError(lastError);
    const isNamed = message.includes(reason);
    return new SessionBackendError(isNamed ? message : `${message} (last error: ${reason})`, {
      ...(cause !== undefined && { cause }),
    });
  }
}
