import { isDeepStrictEqual } from 'node:util';
import type { SessionRecord } from '../backends/session-backend.js';
import { isMetadata } from '../backends/session-record.js';
import { checkField, decodeField, encodeField, type SessionCodec } from './codec.js';
import { isMostlyText, isPrimitive, isShown } from './comparing.js';
import type { DataChange } from './data-change.js';
import { isFlash } from './flash-names.js';
import { dataFields } from './metadata.js';

/** A field that this request read or wrote. */
interface Live {
  value: unknown;
  /** The stored value, where comparing it with `value` shows every change (a primitive); otherwise `UNKNOWN`. */
  clean: unknown;
  /** The part of `value` that came from `increment` and is not stored yet, where that is all there is to store. */
  increment: number | undefined;
  /** Whether this request has put the value there, and not only read it and perhaps changed a part of it. */
  isAssigned: boolean;
}

const UNKNOWN = Symbol('unknown');

/**
 * The data of one session during one request, and what has changed since they were stored.
 *
 * A change is found by comparing the fields that were touched: a primitive with the one that was stored, an object's text
 * with the stored text, so that a change deep inside is seen however it was made.
 */
export class SessionFields {
  readonly #live = new Map<string, Live>();
  readonly #removed = new Set<string>();

  /**
   * @param stored what the backend holds; taken over, not copied
   * @param values its data, decoded
   */
  constructor(
    private readonly codec: SessionCodec,
    private readonly stored: SessionRecord = {},
    private readonly values: ReadonlyMap<string, unknown> = new Map(),
  ) {}

  has(key: string): boolean {
    return !isFlash(key) && (this.#live.has(key) || this.#hasStored(key));
  }

  /** The names of the user's data. */
  keys(): string[] {
    return this.#names().filter((key) => !isFlash(key));
  }

  /** The names of flashes: asked for with each commit, and mostly there are none. */
  flashes(): string[] {
    const found: string[] = [];
    for (const key in this.stored) if (isFlash(key) && !this.#removed.has(key)) found.push(key);
    for (const key of this.#live.keys()) {
      if (isFlash(key) && !Object.hasOwn(this.stored, key)) found.push(key);
    }
    return found;
  }

  get isEmpty(): boolean {
    return this.#names().every((key) => {
      const live = this.#live.get(key);
      return live !== undefined && live.value === undefined;
    });
  }

  /** A field's value, `undefined` where there is none. */
  get(key: string): unknown {
    const live = this.#live.get(key);
    if (live) return live.value;
    if (!this.#hasStored(key)) return undefined;
    const value = this.values.get(key);
    this.#live.set(key, {
      value,
      clean: isPrimitive(value) ? value : UNKNOWN,
      increment: undefined,
      isAssigned: false,
    });
    return value;
  }

  /** As `get`, for somebody who does not change it. */
  peek(key: string): unknown {
    const live = this.#live.get(key);
    if (live) return live.value;
    return this.#hasStored(key) ? this.values.get(key) : undefined;
  }

  set(key: string, value: unknown): void {
    const clean = this.#live.get(key)?.clean ?? UNKNOWN;
    this.#removed.delete(key);
    this.#live.set(key, { value, clean, increment: undefined, isAssigned: true });
  }

  /** A session's own fields are not there for whoever deletes, as for whoever reads. */
  delete(key: string): void {
    if (isMetadata(key)) return;
    if (Object.hasOwn(this.stored, key)) this.#removed.add(key);
    this.#live.delete(key);
  }

  /**
   * Adds to a number and returns the sum as this request sees it.
   * @throws TypeError where the field is no number, RangeError where the sum would not be finite
   */
  increment(key: string, by: number): number {
    const before = this.get(key) ?? 0;
    if (typeof before !== 'number') {
      throw new TypeError(`session.${key} holds a ${typeof before}, which can't be incremented.`);
    }
    const value = before + by;
    if (!Number.isFinite(value)) {
      throw new RangeError(`session.${key} can't be incremented: the sum would not be finite.`);
    }
    const live = this.#live.get(key);
    const isSum = live
      ? live.increment !== undefined || this.#isStored(key, before, String(before))
      : !this.#removed.has(key);
    if (isSum) {
      const increment = (live?.increment ?? 0) + by;
      this.#live.set(key, { value, clean: live?.clean ?? UNKNOWN, increment, isAssigned: true });
    } else {
      this.set(key, value);
    }
    return value;
  }

  /** Whether this request has set a field, or added to it. */
  isAssigned(key: string): boolean {
    return this.#live.get(key)?.isAssigned === true;
  }

  /** All such fields. */
  get assigned(): string[] {
    return [...this.#live.keys()].filter((key) => this.isAssigned(key));
  }

  /** Removes all. */
  clear(): void {
    for (const key of this.#names()) this.delete(key);
  }

  /** Forgets all fields but some, as if they had never been stored. */
  retain(keep: readonly string[]): void {
    const kept = new Set(keep);
    for (const key of new Set([...dataFields(this.stored), ...this.#live.keys()])) {
      if (kept.has(key)) continue;
      this.#live.delete(key);
      this.#removed.delete(key);
      delete this.stored[key];
    }
  }

  /**
   * What a change of these data set or added, and nothing else, as data that were never stored. Not what was read and then
   * changed in a part: the rest of it is what was stored.
   * @param whole a field that goes along when a part of it was changed
   */
  only({ set, increment }: DataChange, whole?: string): SessionFields {
    const fields = new SessionFields(this.codec);
    for (const key in set) {
      const live = this.#live.get(key);
      if (live && (live.isAssigned || key === whole)) fields.set(key, live.value);
    }
    for (const key in increment) fields.increment(key, increment[key]!);
    return fields;
  }

  /** The same, of which each can be changed by itself, in its values too. */
  clone(): SessionFields {
    const values = new Map(this.values);
    for (const [key, value] of values) {
      if (!isPrimitive(value) && this.#hasOwn(key)) {
        values.set(key, decodeField(this.codec, this.stored[key]!));
      }
    }
    const copy = new SessionFields(this.codec, { ...this.stored }, values);
    for (const [key, live] of this.#live) {
      copy.#live.set(key, { ...live, value: this.#copied(key, live.value) });
    }
    for (const key of this.#removed) copy.#removed.add(key);
    return copy;
  }

  /** Some of the data, as if they had never been stored. */
  copy(keys: readonly string[]): SessionFields {
    const fields = new SessionFields(this.codec);
    for (const key of keys) if (this.has(key)) fields.set(key, this.get(key));
    return fields;
  }

  /** What has changed since the data were stored, `undefined` where nothing has. @throws SessionValueError */
  change(): DataChange | undefined {
    if (this.#live.size === 0 && this.#removed.size === 0) return undefined;
    const set: SessionRecord = {};
    const remove = [...this.#removed];
    const increment: Record<string, number> = {};
    let changed = remove.length > 0;
    for (const [key, live] of this.#live) {
      if (live.increment !== undefined) {
        if (live.increment === 0 && Object.hasOwn(this.stored, key)) continue;
        increment[key] = live.increment;
      } else if (Object.is(live.value, live.clean)) {
        continue;
      } else if (live.value === undefined) {
        if (!Object.hasOwn(this.stored, key)) continue;
        remove.push(key);
      } else if (live.isAssigned || !this.#isUnchangedText(key, live.value)) {
        const text = encodeField(this.codec, key, live.value);
        if (this.#isStored(key, live.value, text)) continue;
        checkField(this.codec, key, live.value);
        set[key] = text;
      } else {
        continue;
      }
      changed = true;
    }
    return changed ? { set, remove, increment } : undefined;
  }

  /** Notes that a change that `change()` gave has been stored. What changed since then is still to be stored. */
  settle(change: DataChange): void {
    for (const key of change.remove) {
      delete this.stored[key];
      this.#removed.delete(key);
      this.#settled(this.#live.get(key));
    }
    for (const key in change.set) {
      if (!isMetadata(key)) this.#settled(this.#restored(key, change.set[key]!));
    }
    for (const key in change.increment) {
      const by = change.increment[key]!;
      const live = this.#restored(
        key,
        String(Number(this.#hasOwn(key) ? this.stored[key] : 0) + by),
      );
      const left = live?.increment === undefined ? 0 : live.increment - by;
      this.#settled(live, left === 0 ? undefined : left);
    }
  }

  #names(): string[] {
    const stored = dataFields(this.stored).filter((key) => !this.#removed.has(key));
    return this.#live.size === 0 ? stored : [...new Set([...stored, ...this.#live.keys()])];
  }

  #copied(key: string, value: unknown): unknown {
    if (isPrimitive(value)) return value;
    try {
      return decodeField(this.codec, encodeField(this.codec, key, value));
    } catch {
      // It can't be stored, which whoever stores it is told.
      return value;
    }
  }

  #restored(key: string, text: string): Live | undefined {
    this.stored[key] = text;
    const live = this.#live.get(key);
    if (!live) this.#removed.add(key);
    return live;
  }

  /** What a field held when it was read is stored no longer, and what was to be added to it is part of its value. */
  #settled(live: Live | undefined, increment?: number): void {
    if (!live) return;
    live.clean = UNKNOWN;
    live.increment = increment;
  }

  /**
   * A codec may give another text for the same value each time (encryption does), and others may have written it: another
   * text alone proves nothing.
   */
  #isStored(key: string, value: unknown, text: string): boolean {
    if (!this.#hasOwn(key)) return false;
    return this.stored[key] === text || this.#holds(key, value);
  }

  /** Where a value is mostly text, decoding it again to compare takes a fraction of what encoding it does. */
  #isUnchangedText(key: string, value: unknown): boolean {
    return this.#hasOwn(key) && isMostlyText(this.stored[key]!) && this.#holds(key, value);
  }

  #holds(key: string, value: unknown): boolean {
    try {
      return isShown(value) && isDeepStrictEqual(decodeField(this.codec, this.stored[key]!), value);
    } catch {
      // Nested deeper than the comparison reaches, though not too deep to be encoded.
      return false;
    }
  }

  #hasOwn(key: string): boolean {
    return Object.hasOwn(this.stored, key);
  }

  #hasStored(key: string): boolean {
    return Object.hasOwn(this.stored, key) && !this.#removed.has(key) && !isMetadata(key);
  }
}
