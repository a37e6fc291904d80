import { applyChange, checkDeadline } from './apply-change.js';
import {
  type AtomicSessionBackend,
  EMPTY_MS,
  type Lifetime,
  type SessionBackend,
  type SessionChange,
  type SessionRecord,
  type UpdateResult,
} from './session-backend.js';
import { LocalEnds, WATCH_INTERVAL_MS } from './local-ends.js';
import type { TellingBackend } from './session-ends.js';
import { settledWithin } from './settled-within.js';
import { ttlSeconds } from './session-record.js';

/** What {@link AtomicAdapter} takes. */
export interface AtomicAdapterOptions {
  /** How long one operation of the backend may keep others of the same session waiting. Default 2000. */
  lockTimeoutMs?: number;
  /** How often ends in other processes are asked for where somebody watches. Default 5000. */
  watchIntervalMs?: number;
}

/**
 * Gives a three-method backend the atomic methods: a lock per id, then get, change, set.
 *
 * This holds inside one process. Two processes that share such a backend can still overwrite each other's changes, and
 * one can write back a session that the other has just deleted; only a backend with atomic methods of its own prevents
 * that. A `set` that is not answered in `lockTimeoutMs` waits no longer, and may still be applied after a later one.
 */
export class AtomicAdapter implements AtomicSessionBackend, TellingBackend {
  readonly ends: LocalEnds;
  readonly #tails = new Map<string, Promise<void>>();
  readonly #lockTimeoutMs: number;

  constructor(
    private readonly backend: SessionBackend,
    { lockTimeoutMs = 2000, watchIntervalMs = WATCH_INTERVAL_MS }: AtomicAdapterOptions = {},
  ) {
    this.ends = new LocalEnds((id) => this.#remove(id), watchIntervalMs);
    this.#lockTimeoutMs = lockTimeoutMs;
  }

  get lastError(): unknown {
    return this.backend.lastError;
  }

  async get(id: string): Promise<SessionRecord | null> {
    return this.backend.get(id);
  }

  set(id: string, record: SessionRecord, ttl: number): Promise<void> {
    return this.#locked(id, () => this.backend.set(id, record, ttl));
  }

  delete(id: string): Promise<void> {
    return this.#locked(id, () => this.backend.delete(id));
  }

  create(id: string, record: SessionRecord, ttl: number, deadlineMs = Infinity): Promise<boolean> {
    return this.#locked(id, async () => {
      checkDeadline(Date.now(), deadlineMs);
      if (await this.backend.get(id)) return false;
      await this.backend.set(id, record, ttl);
      return true;
    });
  }

  update(
    id: string,
    change: SessionChange,
    lifetime: Lifetime,
    deadlineMs = Infinity,
  ): Promise<UpdateResult> {
    return this.#locked(id, async () => {
      const record = await this.backend.get(id);
      if (!record) return { status: 'gone' };
      const nowMs = Date.now();
      const { result, tell } = this.ends.changing(id, record, lifetime, () =>
        applyChange(record, change, lifetime, nowMs, deadlineMs),
      );
      if (result.status === 'gone') return result;
      const seconds = ttlSeconds(record, lifetime, nowMs);
      const ttl = result.isEmpty ? Math.min(seconds, EMPTY_MS / 1000) : seconds;
      await this.backend.set(id, record, ttl);
      tell();
      return result;
    });
  }

  #remove(id: string): Promise<SessionRecord | null> {
    return this.#locked(id, async () => {
      const record = await this.backend.get(id);
      await this.backend.delete(id);
      return record;
    });
  }

  async #locked<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(id);
    const result = before ? before.then(work) : work();
    const tail = settledWithin(result, this.#lockTimeoutMs);
    this.#tails.set(id, tail);
    void tail.then(() => {
      if (this.#tails.get(id) === tail) this.#tails.delete(id);
    });
    return result;
  }
}
