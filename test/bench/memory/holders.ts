import {
  type Lifetime,
  MemoryBackend,
  type MemoryBackendOptions,
  type SessionChange,
  type SessionRecord,
  type UpdateResult,
} from 'nestjs-server-session';

type Outcome = Pick<UpdateResult, 'status'>;

const GONE: Outcome = { status: 'gone' };
const APPLIED: Outcome = { status: 'applied' };

/** What is asked of everything that holds sessions here, as `MemoryBackend` is asked. */
export interface Holder {
  create(id: string, record: SessionRecord, ttlSeconds: number): Promise<unknown>;
  get(id: string): Promise<SessionRecord | null>;
  update(id: string, change: SessionChange, lifetime: Lifetime): Promise<Outcome>;
}

export type HolderKind = 'Map' | 'Map with expiry' | 'MemoryBackend';

export function newHolder(kind: HolderKind, options: MemoryBackendOptions): Holder {
  switch (kind) {
    case 'Map':
      return new PlainMap();
    case 'Map with expiry':
      return new ExpiringMap();
    case 'MemoryBackend':
      return new MemoryBackend(options);
  }
}

/** A `Map` of ids and records, the least that can be kept: no expiry, no bound. */
class PlainMap implements Holder {
  readonly #records = new Map<string, SessionRecord>();

  async create(id: string, record: SessionRecord): Promise<void> {
    this.#records.set(id, { ...record });
  }

  async get(id: string): Promise<SessionRecord | null> {
    const record = this.#records.get(id);
    return record ? { ...record } : null;
  }

  async update(id: string, change: SessionChange): Promise<Outcome> {
    const record = this.#records.get(id);
    if (!record) return GONE;
    Object.assign(record, change.set);
    return APPLIED;
  }
}

/** A `Map` whose records know when they expire: what any backend has to keep. Nothing bounds it. */
class ExpiringMap implements Holder {
  readonly #entries = new Map<string, { record: SessionRecord; expiresAtMs: number }>();

  async create(id: string, record: SessionRecord, ttlSeconds: number): Promise<void> {
    this.#entries.set(id, { record: { ...record }, expiresAtMs: Date.now() + ttlSeconds * 1000 });
  }

  async get(id: string): Promise<SessionRecord | null> {
    const entry = this.#entries.get(id);
    return entry && entry.expiresAtMs > Date.now() ? { ...entry.record } : null;
  }

  async update(id: string, change: SessionChange, { idleMs }: Lifetime): Promise<Outcome> {
    const entry = this.#entries.get(id);
    if (!entry || entry.expiresAtMs <= Date.now()) return GONE;
    Object.assign(entry.record, change.set);
    entry.expiresAtMs = Date.now() + idleMs;
    return APPLIED;
  }
}
