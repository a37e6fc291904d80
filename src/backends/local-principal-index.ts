import {
  DOUBT_MS,
  type Entered,
  type EnteringRequest,
  type Fence,
  type Fenced,
  FENCE_MS,
  type IndexEntry,
  type IndexRange,
  type PrincipalIndex,
} from './principal-index.js';

interface LocalFence {
  readonly number: number;
  /** By `performance.now()`. */
  readonly atMs: number;
  /** The latest entry before it. */
  readonly latestMs: number;
  /** The session that it leaves alone, and the last fence that does not. */
  readonly exceptId: string | undefined;
  readonly before: LocalFence | undefined;
}

interface Principal {
  /** When each id was entered, in that order. */
  readonly entries: Map<string, number>;
  latestMs: number;
  longestMs: number;
  fence?: LocalFence;
}

/** Principals looked at with each entry: more than one, so that those whose sessions have ended leave faster than new ones come. */
const SWEEP_PER_ENTER = 2;

/** An index in this process. Its entries have this machine's time, as its sessions do, and its fences the monotonic one. */
export class LocalPrincipalIndex implements PrincipalIndex {
  readonly #principals = new Map<string, Principal>();
  #fences = 0;
  #hand: Iterator<[string, Principal], void> | undefined;

  /** @param now the clock that ends sessions, milliseconds since 1970 */
  constructor(private readonly now: () => number = Date.now) {}

  async enter(
    name: string,
    id: string,
    absoluteMs: number,
    request?: EnteringRequest,
  ): Promise<Entered> {
    const nowMs = this.now();
    this.#sweep(nowMs);
    const principal = this.#of(name);
    const { entries } = principal;
    principal.longestMs = Math.max(principal.longestMs, absoluteMs);
    for (const [each, enteredAtMs] of entries) {
      if (enteredAtMs + principal.longestMs > nowMs) break;
      entries.delete(each);
    }
    const last = fenceFor(id, principal.fence);
    const beforeMs = entries.get(id);
    const fence = last && { number: last.number, ageMs: performance.now() - last.atMs };
    let status = fence && request ? statusBehind(fence, request) : 'entered';
    if (status === 'entered' && last && (beforeMs ?? Infinity) <= last.latestMs) status = 'fenced';
    let enteredAtMs = beforeMs ?? 0;
    if (status === 'entered') {
      enteredAtMs = Math.max(nowMs, principal.latestMs + 1);
      principal.latestMs = enteredAtMs;
      entries.delete(id);
      entries.set(id, enteredAtMs);
    }
    const fenced = fencedBy(principal.fence);
    return { status, enteredAtMs, beforeMs, count: entries.size, fence, fenced };
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
    const { latestMs, fence } = principal;
    const before = exceptId === undefined ? undefined : fenceFor(exceptId, fence);
    principal.fence = {
      number: ++this.#fences,
      atMs: performance.now(),
      latestMs,
      exceptId,
      before,
    };
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

/** The last fence that applies to a session, if it is to be told of. */
function fenceFor(id: string, last: LocalFence | undefined): LocalFence | undefined {
  const fence = last && id === last.exceptId ? last.before : last;
  return fence && performance.now() - fence.atMs <= FENCE_MS ? fence : undefined;
}

/** What a fence ends, if it is to be told of. */
function fencedBy(last: LocalFence | undefined): Fenced | undefined {
  if (!last || performance.now() - last.atMs > FENCE_MS) return undefined;
  return { untilMs: last.latestMs, exceptId: last.exceptId };
}

/** Whether a request is overtaken by a fence, or may be. */
function statusBehind(fence: Fence, { ageMs, laterThan }: EnteringRequest): Entered['status'] {
  if (fence.ageMs < ageMs) return 'overtaken';
  return laterThan !== fence.number && fence.ageMs < ageMs + DOUBT_MS ? 'doubtful' : 'entered';
}
