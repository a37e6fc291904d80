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

const NOTHING = () => {};

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

  /**
   * Changes a record in place.
   * @returns with the result what tells of what matters to whoever watches its session, to be called when it is stored
   */
  changing(
    id: string,
    record: SessionRecord,
    lifetime: Lifetime,
    change: () => UpdateResult,
  ): { result: UpdateResult; tell: () => void } {
    if (this.#listeners.size === 0) return { result: change(), tell: NOTHING };
    const before = record[FIELD.generation];
    const endedAtMs = expiresAtMs(record, lifetime);
    const result = change();
    if (result.status === 'gone') return { result, tell: NOTHING };
    const generation = record[FIELD.generation]!;
    const isReplaced = generation !== before;
    const isEmptied = result.isEmpty && !result.wasEmpty;
    const isShortened = isEmptied || result.expiresAtMs < endedAtMs;
    const tell = () => {
      if (isReplaced) this.#tell({ kind: 'replaced', id, generation });
      if (isShortened) this.#tell({ kind: 'shortened', id });
    };
    return { result, tell };
  }

  listen(listener: EndsListener): () => void {
    this.#listeners.add(listener);
    queueMicrotask(() => this.#listeners.has(listener) && listener.missed());
    if (this.askEveryMs !== undefined) {
      this.#timer ??= setInterval(() => this.missed(), this.askEveryMs).unref();
    }
    return () => this.#forget(listener);
  }

  #forget(listener: EndsListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Has listeners ask for all that they watch. */
  missed(): void {
    for (const listener of this.#listeners) listener.missed();
  }

  #tell(news: EndsNews): void {
    for (const listener of this.#listeners) listener.tell(news);
  }
}
