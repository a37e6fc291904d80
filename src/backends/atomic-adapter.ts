import {
  type AtomicSessionBackend,
  NEXT,
  type SessionBackend,
  type SessionChange,
  type SessionRecord,
  type SessionRotation,
} from './session-backend.js';
import { applyChange, applyRotation, isEmptyRecord, isSession } from './session-change.js';

/**
 * Gives a three-method backend the atomic methods: a lock per id, then get, change, set.
 *
 * This holds inside one process. Two processes that share such a backend can still overwrite each other's changes, and
 * one can write back a session that the other has just deleted; only a backend with atomic methods of its own prevents
 * that.
 */
export class AtomicAdapter implements AtomicSessionBackend {
  readonly #tails = new Map<string, Promise<unknown>>();

  constructor(private readonly backend: SessionBackend) {}

  async get(id: string): Promise<SessionRecord | null> {
    return this.backend.get(id);
  }

  set(id: string, record: SessionRecord, ttlSeconds: number): Promise<void> {
    return this.#locked(id, () => this.backend.set(id, record, ttlSeconds));
  }

  delete(id: string): Promise<void> {
    return this.#locked(id, () => this.backend.delete(id));
  }

  create(id: string, record: SessionRecord, ttlSeconds: number): Promise<boolean> {
    return this.#locked(id, async () => {
      if (await this.backend.get(id)) return false;
      await this.backend.set(id, record, ttlSeconds);
      return true;
    });
  }

  update(id: string, change: SessionChange, ttlSeconds: number): Promise<boolean> {
    return this.#changed(id, ttlSeconds, (record) => applyChange(record, change));
  }

  touch(id: string, ttlSeconds: number, seen: string): Promise<boolean> {
    return this.#changed(id, ttlSeconds, (record) => {
      record['$seen'] = seen;
    });
  }

  rotate(
    id: string,
    newId: string,
    rotation: SessionRotation,
    ttlSeconds: number,
  ): Promise<boolean> {
    return this.#locked(id, async () => {
      const record = await this.backend.get(id);
      if (!isSession(record)) return false;
      applyRotation(record, rotation);
      await this.backend.set(newId, record, ttlSeconds);
      const { graceSeconds } = rotation;
      if (graceSeconds) await this.backend.set(id, { [NEXT]: newId }, graceSeconds);
      else await this.backend.delete(id);
      return true;
    });
  }

  deleteEmpty(id: string): Promise<boolean> {
    return this.#locked(id, async () => {
      const record = await this.backend.get(id);
      if (!isSession(record) || !isEmptyRecord(record)) return false;
      await this.backend.delete(id);
      return true;
    });
  }

  #changed(
    id: string,
    ttlSeconds: number,
    change: (record: SessionRecord) => void,
  ): Promise<boolean> {
    return this.#locked(id, async () => {
      const record = await this.backend.get(id);
      if (!isSession(record)) return false;
      change(record);
      await this.backend.set(id, record, ttlSeconds);
      return true;
    });
  }

  async #locked<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(id);
    const result = before ? before.then(work, work) : work();
    this.#tails.set(id, result);
    try {
      return await result;
    } finally {
      if (this.#tails.get(id) === result) this.#tails.delete(id);
    }
  }
}
