import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** How many sessions' names are remembered. One that is forgotten leaves a field of some bytes in its session. */
const MAX_SESSIONS = 10_000;

/**
 * Names of changes that must count once, and those that may be forgotten. A name stays in the session's record as long
 * as its change may be sent again: until it was acknowledged and the next change of the session takes it away.
 */
export class Operations {
  readonly #acknowledged = new LRUCache<string, string[]>({ max: MAX_SESSIONS });

  /** A name for a change, a field of the record. */
  create(): string {
    return `$op:${randomBytes(6).toString('base64url')}`;
  }

  acknowledge(id: string, operation: string): void {
    const names = this.#acknowledged.get(id);
    if (names) names.push(operation);
    else this.#acknowledged.set(id, [operation]);
  }

  /** The names that the next change of a session may remove. */
  takeAcknowledged(id: string): readonly string[] {
    if (this.#acknowledged.size === 0) return [];
    const names = this.#acknowledged.get(id) ?? [];
    this.#acknowledged.delete(id);
    return names;
  }
}
