import cluster from 'node:cluster';
import { Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { applyChange, checkDeadline } from './apply-change.js';
import { LocalPrincipalIndex } from './local-principal-index.js';
import { LocalEnds } from './local-ends.js';
import type { IndexedBackend } from './principal-index.js';
import type { TellingBackend } from './session-ends.js';
import { showValue } from '../errors/show-value.js';
import {
  type AtomicSessionBackend,
  EMPTY_MS,
  type Lifetime,
  type SessionChange,
  type SessionRecord,
  type UpdateResult,
} from './session-backend.js';

/** What {@link MemoryBackend} takes. */
export interface MemoryBackendOptions {
  /** How many sessions are kept; beyond it the least recently used leaves. Default 1,000,000, at most 8,388,608. */
  maxSessions?: number;
}

interface Entry {
  record: SessionRecord;
  expiresAtMs: number;
}

/** A Map of V8's has room for 2^24 entries, half of which may be such that have left. */
const MOST_SESSIONS = 2 ** 23;

/** Sessions looked at with each new one: more than one, so that expired ones leave faster than new ones come. */
const SWEEP_PER_CREATE = 2;

/**
 * Keeps sessions in this process: for development, tests, and applications of one process that may lose their sessions
 * with a restart. Bounded, with no timer: an expired session leaves when it is asked for, or when new ones come.
 *
 * Says so once in a warning where `NODE_ENV` is `production`, and in a worker of `node:cluster` anywhere.
 */
export class MemoryBackend implements AtomicSessionBackend, IndexedBackend, TellingBackend {
  readonly principals = new LocalPrincipalIndex(() => this.now());
  readonly ends = new LocalEnds(async (id) => {
    const record = this.#live(id)?.record ?? null;
    this.#entries?.delete(id);
    return record;
  });
  static #warned = false;
  readonly #maxSessions: number;
  #entries?: LRUCache<string, Entry>;
  /** Where the search for expired sessions goes on. */
  #hand: Iterator<string, void> | undefined;
  #behind: string | undefined;

  /** @throws TypeError where `maxSessions` is not a positive whole number */
  constructor({ maxSessions = 1_000_000 }: MemoryBackendOptions = {}) {
    if (!Number.isSafeInteger(maxSessions) || maxSessions < 1) {
      throw new TypeError(
        `MemoryBackend: maxSessions is ${showValue(maxSessions)}. Write a whole number of sessions, such as 100_000.`,
      );
    }
    if (maxSessions > MOST_SESSIONS) {
      new Logger(MemoryBackend.name).warn(
        `maxSessions is ${maxSessions}, of which ${MOST_SESSIONS} are kept: one process can hold no more. Give SessionModule a shared backend, such as RedisBackend.`,
      );
    }
    this.#maxSessions = Math.min(maxSessions, MOST_SESSIONS);
    MemoryBackend.#warn();
  }

  static #warn(): void {
    const isProduction = process.env['NODE_ENV'] === 'production';
    if (MemoryBackend.#warned || !(cluster.isWorker || isProduction)) return;
    MemoryBackend.#warned = true;
    new Logger(MemoryBackend.name).warn(
      cluster.isWorker
        ? 'Sessions are kept in the memory of this process, which is one of several of a cluster: a visitor is unknown to the others. Give SessionModule a shared backend, such as RedisBackend.'
        : 'Sessions are kept in the memory of this process: a restart loses them, and other processes do not see them. Give SessionModule a shared backend, such as RedisBackend.',
    );
  }

  /** How many sessions are held, expired ones that have not left yet included. */
  get size(): number {
    return this.#entries?.size ?? 0;
  }

  /** The clock that ends sessions, milliseconds since 1970. */
  now(): number {
    return Date.now();
  }

  async get(id: string): Promise<SessionRecord | null> {
    const entry = this.#live(id);
    return entry ? { ...entry.record } : null;
  }

  async set(id: string, record: SessionRecord, ttlSeconds: number): Promise<void> {
    this.#store(id, { ...record }, ttlSeconds);
  }

  async delete(id: string): Promise<void> {
    this.#entries?.delete(id);
  }

  async create(
    id: string,
    record: SessionRecord,
    ttlSeconds: number,
    deadlineMs = Infinity,
  ): Promise<boolean> {
    checkDeadline(this.now(), deadlineMs);
    if (this.#live(id)) return false;
    this.#store(id, { ...record }, ttlSeconds);
    return true;
  }

  async update(
    id: string,
    change: SessionChange,
    lifetime: Lifetime,
    deadlineMs = Infinity,
  ): Promise<UpdateResult> {
    const entry = this.#live(id);
    if (!entry) return { status: 'gone' };
    const nowMs = this.now();
    const { record } = entry;
    const { result, tell } = this.ends.changing(id, record, lifetime, () =>
      applyChange(record, change, lifetime, nowMs, deadlineMs),
    );
    if (result.status !== 'gone') {
      const { isEmpty, expiresAtMs } = result;
      entry.expiresAtMs = isEmpty ? Math.min(expiresAtMs, nowMs + EMPTY_MS) : expiresAtMs;
    }
    tell();
    return result;
  }

  #live(id: string): Entry | undefined {
    const entry = this.#entries?.get(id);
    if (entry && entry.expiresAtMs <= this.now()) {
      this.#entries?.delete(id);
      return undefined;
    }
    return entry;
  }

  #store(id: string, record: SessionRecord, ttlSeconds: number): void {
    // By size: for a number of entries the cache sets aside room for all of them.
    this.#entries ??= new LRUCache({ maxSize: this.#maxSessions, sizeCalculation: () => 1 });
    this.#sweep(this.#entries);
    this.#entries.set(id, { record, expiresAtMs: this.now() + ttlSeconds * 1000 });
  }

  /**
   * Looks at some sessions in turn, the least recently used first, and removes those that have expired. It removes the one
   * behind it: the cache forgets where a removed one stood.
   */
  #sweep(entries: LRUCache<string, Entry>): void {
    for (let left = SWEEP_PER_CREATE; left > 0; left--) {
      const hand = (this.#hand ??= entries.rkeys());
      const { value: id, done } = hand.next();
      const entry = this.#behind === undefined ? undefined : entries.peek(this.#behind);
      if (entry && entry.expiresAtMs <= this.now()) entries.delete(this.#behind!);
      this.#behind = id ?? undefined;
      if (done) this.#hand = undefined;
    }
  }
}
