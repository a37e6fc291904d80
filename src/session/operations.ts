import { randomBytes } from 'node:crypto';
import { OPERATION_PREFIX } from '../backends/session-record.js';

/** How many sessions' names are remembered. One that is forgotten leaves by its time. */
const MAX_SESSIONS = 100_000;

const NONE: readonly string[] = [];

const PROCESS = randomBytes(6).toString('base64url');
let count = 0;

/** A name for a change that must not be made twice, a field of the record. */
export function operationName(): string {
  return `${OPERATION_PREFIX}${PROCESS}${(count++).toString(36)}`;
}

/**
 * Names of changes that may be forgotten. A name stays in the session's record as long as its change may be sent again:
 * until it was acknowledged and the next change of the session takes it away.
 */
export class Operations {
  readonly #acknowledged = new Map<string, string[]>();

  acknowledge(id: string, operation: string): void {
    const names = this.#acknowledged.get(id);
    if (names) return void names.push(operation);
    this.#acknowledged.set(id, [operation]);
    if (this.#acknowledged.size <= MAX_SESSIONS) return;
    for (const oldest of this.#acknowledged.keys()) {
      this.#acknowledged.delete(oldest);
      return;
    }
  }

  /** The names that the next change of a session may remove. */
  takeAcknowledged(id: string): readonly string[] {
    const names = this.#acknowledged.get(id);
    if (!names) return NONE;
    this.#acknowledged.delete(id);
    return names;
  }
}
