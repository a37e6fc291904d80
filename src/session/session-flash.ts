import { compareFlashes, flashName, shownName } from './flash-names.js';
import type { SessionFields } from './session-fields.js';

/** What one request leaves for the next that uses the session, and finds of the one before. */
export class SessionFlash {
  /** What the request found when it first used its session, by field. */
  #found: Map<string, unknown> | undefined;
  /** Of which session. */
  #id: string | undefined;
  /** The fields of what this request leaves, by key. */
  readonly #own = new Map<string, string>();
  /** What was found, and is left for one request more. */
  readonly #kept = new Set<string>();

  /** Notes, once, what was left for this request: what comes later with `reload()` is for another. */
  note(id: string, fields: SessionFields): void {
    if (this.#found) return;
    this.#id = id;
    this.#found = new Map(fields.flashes().map((field) => [field, fields.peek(field)]));
  }

  set(fields: SessionFields, key: string, value: unknown): void {
    const before = this.#own.get(key);
    if (before !== undefined) fields.delete(before);
    const field = flashName(key);
    this.#own.set(key, field);
    fields.set(field, value);
  }

  /** The latest of what was left for this request by a key; nothing where its session is another by now. */
  get(id: string, key: string): unknown {
    const field = this.#of(id, [key]).toSorted(compareFlashes).at(-1);
    return field === undefined ? undefined : this.#found!.get(field);
  }

  /**
   * Leaves what was found as this request's own: whoever else ends what they found does not end that.
   * @param keys all of them where there are none
   */
  keep(id: string, fields: SessionFields, keys: readonly string[]): void {
    for (const field of this.#of(id, keys)) {
      if (this.#kept.has(field)) continue;
      this.#kept.add(field);
      fields.delete(field);
      fields.set(flashName(shownName(field), true), this.#found!.get(field));
    }
  }

  /** Ends what was found, with what is stored next. */
  end(fields: SessionFields): void {
    for (const field of this.#found?.keys() ?? []) fields.delete(field);
  }

  /** As if nothing had been found. */
  forget(): void {
    this.#found?.clear();
  }

  #of(id: string, keys: readonly string[]): string[] {
    if (this.#id !== id) return [];
    const found = [...(this.#found?.keys() ?? [])];
    return keys.length === 0 ? found : found.filter((field) => keys.includes(shownName(field)));
  }
}
