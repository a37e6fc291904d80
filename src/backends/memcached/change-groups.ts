import type { Lifetime, SessionChange, UpdateResult } from '../session-backend.js';
import { settledWithin } from '../settled-within.js';

/** How long a group may keep the next one waiting. Compare-and-swap keeps the two from undoing each other. */
const PATIENCE_MS = 2000;

/** A change that waits for its turn. */
export interface WaitingChange {
  readonly change: SessionChange;
  readonly lifetime: Lifetime;
  readonly deadlineMs: number;
  resolve(result: UpdateResult): void;
  reject(error: unknown): void;
}

/**
 * Has the changes of one session that come while others of it are written applied together, by one compare-and-swap. Each by
 * itself would make all others try again.
 */
export class ChangeGroups {
  readonly #waiting = new Map<string, WaitingChange[]>();

  /** @param apply settles each change of a group; where it rejects, it settled none */
  constructor(private readonly apply: (id: string, group: WaitingChange[]) => Promise<void>) {}

  add(
    id: string,
    change: SessionChange,
    lifetime: Lifetime,
    deadlineMs: number,
  ): Promise<UpdateResult> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(id);
      const added = { change, lifetime, deadlineMs, resolve, reject };
      if (waiting) waiting.push(added);
      else void this.#run(id, [added]);
    });
  }

  async #run(id: string, first: WaitingChange[]): Promise<void> {
    for (let group = first; group.length > 0; group = this.#waiting.get(id)!) {
      this.#waiting.set(id, []);
      const applied = this.apply(id, group).catch((error: unknown) => {
        for (const { reject } of group) reject(error);
      });
      await settledWithin(applied, PATIENCE_MS);
    }
    this.#waiting.delete(id);
  }
}
