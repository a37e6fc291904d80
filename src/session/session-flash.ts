import { flashName, shownName } from './flash-names.js';
import type { SessionFields } from './session-fields.js';

/** What one request leaves for the next that uses the session, and finds of the one before. */
export class SessionFlash {
  /** The fields of what this request leaves, by key. */
  readonly #own = new Map<string, string>();
  readonly #kept = new Set<string>();
  /** What was found and ends with this request, by field. */
  readonly #ending = new Map<string, unknown>();

  set(fields: SessionFields, key: string, value: unknown): void {
    const field = this.#own.get(key) ?? flashName(key);
    this.#own.set(key, field);
    fields.set(field, value);
  }

  /** The latest of what was left for this request by a key. */
  get(fields: SessionFields, key: string): unknown {
    const field = this.#found(fields)
      .filter((each) => shownName(each) === key)
      .toSorted()
      .at(-1);
    if (field === undefined) return undefined;
    return this.#ending.has(field) ? this.#ending.get(field) : fields.get(field);
  }

  /** Leaves what was found for one more request. @param keys all of them where there are none */
  keep(fields: SessionFields, keys: readonly string[]): void {
    for (const field of this.#found(fields)) {
      if (keys.length > 0 && !keys.includes(shownName(field))) continue;
      this.#kept.add(field);
      if (!this.#ending.has(field)) continue;
      fields.set(field, this.#ending.get(field));
      this.#ending.delete(field);
    }
  }

  /** Ends what was found and is not kept, with what is stored next. */
  end(fields: SessionFields): void {
    for (const field of fields.flashes()) {
      if (this.#kept.has(field) || this.#isOwn(field)) continue;
      this.#ending.set(field, fields.peek(field));
      fields.delete(field);
    }
  }

  #found(fields: SessionFields): string[] {
    const found = fields.flashes().filter((field) => !this.#isOwn(field));
    return [...this.#ending.keys(), ...found];
  }

  #isOwn(field: string): boolean {
    return this.#own.get(shownName(field)) === field;
  }
}
