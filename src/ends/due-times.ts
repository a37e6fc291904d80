/** Something that is due at a time; {@link DueTimes} sets both fields. */
export interface Due {
  dueAtMs: number;
  /** Its place in the heap; -1 where it is not in it. */
  place: number;
}

/** What is due, the earliest first: a binary heap, out of which each can be taken. */
export class DueTimes<T extends Due> {
  readonly #heap: T[] = [];

  get earliest(): T | undefined {
    return this.#heap[0];
  }

  /** @param dueAtMs `Infinity` for never */
  set(item: T, dueAtMs: number): void {
    this.remove(item);
    if (dueAtMs === Infinity) return;
    item.dueAtMs = dueAtMs;
    this.#put(item, this.#heap.length);
    this.#rise(item);
  }

  remove(item: T): void {
    const { place } = item;
    if (place < 0) return;
    item.place = -1;
    const last = this.#heap.pop()!;
    if (last === item) return;
    this.#put(last, place);
    this.#rise(last);
    this.#sink(last);
  }

  #put(item: T, place: number): void {
    this.#heap[place] = item;
    item.place = place;
  }

  #rise(item: T): void {
    while (item.place > 0) {
      const above = this.#heap[(item.place - 1) >> 1]!;
      if (above.dueAtMs <= item.dueAtMs) return;
      this.#swap(item, above);
    }
  }

  #sink(item: T): void {
    for (;;) {
      const left = this.#heap[2 * item.place + 1];
      const right = this.#heap[2 * item.place + 2];
      const below = right && right.dueAtMs < left!.dueAtMs ? right : left;
      if (!below || below.dueAtMs >= item.dueAtMs) return;
      this.#swap(item, below);
    }
  }

  #swap(one: T, other: T): void {
    const { place } = one;
    this.#put(one, other.place);
    this.#put(other, place);
  }
}
