import {
  type EndReason,
  type EndsListener,
  type EndsNews,
  isTelling,
  type SessionEnds,
} from './session-ends.js';
import { expiresAtMs, FIELD } from './session-record.js';
import type {
  AtomicSessionBackend,
  Lifetime,
  SessionRecord,
  UpdateResult,
} from './session-backend.js';

/** Takes a session away; the record of a live one, `null` where there was none. */
export type Remove = (id: string) => Promise<SessionRecord | null>;

/** How often whoever watches asks for what other processes have ended, of a backend that does not tell. */
export const WATCH_INTERVAL_MS = 5000;

/** How a backend ends sessions: its own way, or one that tells this process alone. */
export function endsOf(backend: AtomicSessionBackend): SessionEnds {
  if (isTelling(backend)) return backend.ends;
  const remove = async (id: string) => {
    const record = await backend.get(id);
    await backend.delete(id);
    return record;
  };
  return new LocalEnds(remove, WATCH_INTERVAL_MS);
}

/** Tells of ends within this process. */
export class LocalEnds implements SessionEnds {
  readonly #listeners = new Set<EndsListener>();
  #timer: NodeJS.Timeout | undefined;

  /** @param askEveryMs how often listeners are to ask for what other processes have ended, where there may be others */
  constructor(
    private readonly remove: Remove,
    private readonly askEveryMs?: number,
  ) {}

  async end(id: string, reason: EndReason): Promise<boolean> {
    const record = await this.remove(id);
    if (record) this.#tell({ kind: 'ended', id, reason, principal: record[FIELD.principal] });
    return record !== null;
  }

  /** Changes a record in place, and tells of what matters to whoever watches its session. */
  changing(
    id: string,
    record: SessionRecord,
    lifetime: Lifetime,
    change: () => UpdateResult,
  ): UpdateResult {
    if (this.#listeners.size === 0) return change();
    const before = record[FIELD.generation];
    const endedAtMs = expiresAtMs(record, lifetime);
    const result = change();
    if (result.status === 'gone') return result;
    const generation = record[FIELD.generation]!;
    if (generation !== before) this.#tell({ kind: 'replaced', id, generation });
    const isEmptied = result.isEmpty && !result.wasEmpty;
    if (isEmptied || result.expiresAtMs < endedAtMs) this.#tell({ kind: 'shortened', id });
    return result;
  }

  listen(listener: EndsListener): () => void {
    this.#listeners.add(listener);
    queueMicrotask(() => this.#listeners.has(listener) && listener.missed());
    if (this.askEveryMs !== undefined) {
      this.#timer ??= setInterval(() => this.#missed(), this.askEveryMs).unref();
    }
    return () => this.#forget(listener);
  }

  #forget(listener: EndsListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #missed(): void {
    for (const listener of this.#listeners) listener.missed();
  }

  #tell(news: EndsNews): void {
    for (const listener of this.#listeners) listener.tell(news);
  }
}
