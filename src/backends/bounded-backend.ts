import { Logger } from '@nestjs/common';
import { SessionBackendError } from '../errors/session-backend.error.js';
import type {
  AtomicSessionBackend,
  SessionChange,
  SessionRecord,
  SessionRotation,
} from './session-backend.js';

type Operation = keyof AtomicSessionBackend;

/**
 * Puts a time limit on each operation of a backend and turns each failure into a {@link SessionBackendError}.
 * Logs when an operation begins to fail and when it works again, not each failure.
 */
export class BoundedBackend implements AtomicSessionBackend {
  readonly #logger = new Logger('SessionBackend');
  readonly #failing = new Set<Operation>();

  constructor(
    private readonly backend: AtomicSessionBackend,
    private readonly timeoutMs: number,
  ) {}

  get(id: string): Promise<SessionRecord | null> {
    return this.#bounded('get', () => this.backend.get(id));
  }

  set(id: string, record: SessionRecord, ttlSeconds: number): Promise<void> {
    return this.#bounded('set', () => this.backend.set(id, record, ttlSeconds));
  }

  delete(id: string): Promise<void> {
    return this.#bounded('delete', () => this.backend.delete(id));
  }

  create(id: string, record: SessionRecord, ttlSeconds: number): Promise<boolean> {
    return this.#bounded('create', () => this.backend.create(id, record, ttlSeconds));
  }

  update(id: string, change: SessionChange, ttlSeconds: number): Promise<boolean> {
    return this.#bounded('update', () => this.backend.update(id, change, ttlSeconds));
  }

  touch(id: string, ttlSeconds: number, seen: string): Promise<boolean> {
    return this.#bounded('touch', () => this.backend.touch(id, ttlSeconds, seen));
  }

  rotate(
    id: string,
    newId: string,
    rotation: SessionRotation,
    ttlSeconds: number,
  ): Promise<boolean> {
    return this.#bounded('rotate', () => this.backend.rotate(id, newId, rotation, ttlSeconds));
  }

  deleteEmpty(id: string): Promise<boolean> {
    return this.#bounded('deleteEmpty', () => this.backend.deleteEmpty(id));
  }

  #bounded<T>(operation: Operation, run: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const fail = (message: string, cause?: unknown) => {
        const error = new SessionBackendError(message, { cause });
        this.#noteFailure(operation, error);
        reject(error);
      };
      const timer = setTimeout(
        () => fail(`The session backend did not answer ${operation} within ${this.timeoutMs} ms`),
        this.timeoutMs,
      );
      const succeeded = (value: T) => {
        clearTimeout(timer);
        if (this.#failing.size > 0) this.#noteSuccess(operation);
        resolve(value);
      };
      const failed = (cause: unknown) => {
        clearTimeout(timer);
        fail(`The session backend failed to ${operation}: ${describe(cause)}`, cause);
      };
      try {
        run().then(succeeded, failed);
      } catch (cause) {
        failed(cause);
      }
    });
  }

  #noteFailure(operation: Operation, error: SessionBackendError): void {
    if (this.#failing.has(operation)) return;
    this.#failing.add(operation);
    this.#logger.error(error.message);
  }

  #noteSuccess(operation: Operation): void {
    if (this.#failing.delete(operation)) {
      this.#logger.log(`The session backend answers ${operation} again`);
    }
  }
}

/** By shape: an error of another realm, as node's own are under Jest, is no `instanceof Error`. */
function describe(cause: unknown): string {
  const { name, message } = (cause ?? {}) as Partial<Error>;
  return message === undefined ? typeof cause : `${name}: ${message}`;
}
