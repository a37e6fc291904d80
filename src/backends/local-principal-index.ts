import {
  type Entered,
  FENCE_MS,
  type IndexEntry,
  type IndexRange,
  type PrincipalIndex,
} from './principal-index.js';

interface Principal {
  /** When each id was entered, in that order. */
  readonly entries: Map<string, number>;
  latestMs: number;
  longestMs: number;
  /** `atMs` by `performance.now()`. */
  fence?: { readonly atMs: number; readonly exceptId: string | undefined };
}

/** Principals looked at with each entry: more than one, so that those whose sessions have ended leave faster than new ones come. */
const SWEEP_PER_ENTER = 2;

/** An index in this process. Its time is monotonic, from a beginning in 1970. */
export class LocalPrincipalIndex implements PrincipalIndex {
  readonly #principals = new Map<string, Principal>();
  #hand: Iterator<[string, Principal], void> | undefined;

  async enter(name: string, id: string, absoluteMs: number): Promise<Entered> {
    const nowMs = now();
    this.#sweep(nowMs);
    const principal = this.#of(name);
    const { entries, fence } = principal;
    principal.longestMs = Math.max(principal.longestMs, absoluteMs);
    for (const [each, enteredAtMs] of entries) {
      if (enteredAtMs + principal.longestMs > nowMs) break;
      entries.delete(each);
    }
    const enteredAtMs = Math.max(nowMs, principal.latestMs + 1);
    principal.latestMs = enteredAtMs;
    const wasEntered = entries.delete(id);
    entries.set(id, enteredAtMs);
    const ageMs = fence && performance.now() - fence.atMs;
    const isTold = ageMs !== undefined && ageMs <= FENCE_MS;
    return {
      enteredAtMs,
      wasEntered,
      count: entries.size,
      fence: isTold ? { ageMs, exceptId: fence!.exceptId } : undefined,
    };
  }

  async extend(name: string, absoluteMs: number): Promise<void> {
    const principal = this.#of(name);
    principal.longestMs = Math.max(principal.longestMs, absoluteMs);
  }

  async leave(name: string, left: readonly IndexEntry[]): Promise<void> {
    const entries = this.#principals.get(name)?.entries;
    for (const { id, enteredAtMs } of left) {
      if (entries?.get(id) === enteredAtMs) entries.delete(id);
    }
  }

  async entries(name: string, limit: number, range: IndexRange = {}): Promise<IndexEntry[]> {
    const { beforeMs = Infinity, afterMs } = range;
    const all = [...(this.#principals.get(name)?.entries ?? [])];
    if (afterMs === undefined) all.reverse();
    return all
      .filter(([, ms]) => (afterMs === undefined ? ms < beforeMs : ms > afterMs))
      .slice(0, limit)
      .map(([id, enteredAtMs]) => ({ id, enteredAtMs }));
  }

  async fence(name: string, exceptId?: string): Promise<number> {
    const principal = this.#of(name);
    principal.fence = { atMs: performance.now(), exceptId };
    return principal.latestMs;
  }

  #of(name: string): Principal {
    let principal = this.#principals.get(name);
    if (!principal) {
      principal = { entries: new Map(), latestMs: 0, longestMs: 0 };
      this.#principals.set(name, principal);
    }
    return principal;
  }

  #sweep(nowMs: number): void {
    for (let left = SWEEP_PER_ENTER; left > 0; left--) {
      this.#hand ??= this.#principals.entries();
      const { value } = this.#hand.next();
      if (!value) return void (this.#hand = undefined);
      const [name, { entries, latestMs, longestMs, fence }] = value;
      const isOver = entries.size === 0 || latestMs + longestMs <= nowMs;
      if (isOver && !(fence && performance.now() - fence.atMs <= FENCE_MS))
        this.#principals.delete(name);
    }
  }
}

function now(): number {
  return Math.floor(performance.timeOrigin + performance.now());
}
