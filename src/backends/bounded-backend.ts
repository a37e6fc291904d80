import { randomBytes } from 'node:crypto';
import { SessionBackendError } from '../errors/session-backend.error.js';
import { type Access, BackendState } from './backend-state.js';
import type {
  AtomicSessionBackend,
  SessionChange,
  SessionRecord,
  SessionRotation,
} from './session-backend.js';

/** How many ids a silent backend is asked for: one part of it may answer where another does not. */
const ASKED = 8;

/** How long a silent backend has to answer when it is asked whether it is back. */
const MAX_ASK_MS = 500;

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
    const askMs = Math.min(timeoutMs, MAX_ASK_MS);
    const ask = () => Promise.any(Array.from({ length: ASKED }, () => this.check(askMs)));
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

  create(id: string, record: SessionRecord, ttlSeconds: number): Promise<boolean> {
    return this.#admitted('write', 'create', () => this.backend.create(id, record, ttlSeconds));
  }

  update(id: string, change: SessionChange, ttlSeconds: number): Promise<boolean> {
    return this.#admitted('write', 'update', () => this.backend.update(id, change, ttlSeconds));
  }

  touch(id: string, ttlSeconds: number, seen: string): Promise<boolean> {
    return this.#admitted('write', 'touch', () => this.backend.touch(id, ttlSeconds, seen));
  }

  rotate(
    id: string,
    newId: string,
    rotation: SessionRotation,
    ttlSeconds: number,
  ): Promise<boolean> {
    return this.#admitted('write', 'rotate', () =>
      this.backend.rotate(id, newId, rotation, ttlSeconds),
    );
  }

  deleteEmpty(id: string): Promise<boolean> {
    return this.#admitted('write', 'deleteEmpty', () => this.backend.deleteEmpty(id));
  }

  /** Asks for an id that no session has, whatever is known of the backend. @throws SessionBackendError */
  async check(timeoutMs = this.timeoutMs): Promise<void> {
    const id = randomBytes(32).toString('base64url');
    await this.#bounded('read', 'get', () => this.backend.get(id), timeoutMs);
  }

  close(): void {
    this.#state.close();
  }

  #admitted<T>(access: Access, operation: string, run: () => Promise<T>): Promise<T> {
    if (!this.#state.isSilent) return this.#bounded(access, operation, run);
    const message = `The session backend does not answer: ${operation} was not tried`;
    return Promise.reject(new SessionBackendError(message));
  }

  #bounded<T>(
    access: Access,
    operation: string,
    run: () => Promise<T>,
    timeoutMs = this.timeoutMs,
  ): Promise<T> {
    const state = this.#state;
    return new Promise<T>((resolve, reject) => {
      const { answers } = state;
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        const message = `The session backend did not answer ${operation} within ${timeoutMs} ms`;
        const error = new SessionBackendError(message);
        state.timedOut(access, answers, error);
        reject(error);
      }, timeoutMs);
      const succeeded = (value: T) => {
        if (isLate) return;
        clearTimeout(timer);
        state.answers++;
        state.succeeded(access);
        resolve(value);
      };
      const failed = (cause: unknown) => {
        if (isLate) return;
        clearTimeout(timer);
        state.answers++;
        const message = `The session backend failed to ${operation}: ${describe(cause)}`;
        const error = new SessionBackendError(message, { cause });
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
}

/** By shape: an error of another realm, as node's own are under Jest, is no `instanceof Error`. */
function describe(cause: unknown): string {
  const { name, message } = (cause ?? {}) as Partial<Error>;
  return message === undefined ? typeof cause : `${name}: ${message}`;
}
