import {
  NEXT,
  type SessionChange,
  type SessionRecord,
  type SessionRotation,
} from '../backends/session-backend.js';
import { observed, type SessionOperation } from './session-events.js';
import type { SessionRuntime } from './session-runtime.js';
import { Identity } from './token.js';

/** What became of a rotation. */
export type Moved = 'applied' | 'found' | 'gone';

/** A renewal may have moved a session once since it was read, and once more while it is being ended. */
const MAX_MOVES = 3;

/**
 * Writes one session, and keeps two things from going wrong: a change whose answer was lost is sent again under the
 * same name, so that it counts once; a session that a renewal has moved on is written where it is now.
 * Each method answers `false` where the session no longer exists.
 */
export class SessionWriter {
  /** A change that was sent with no answer: it may have been applied. */
  #unanswered: SessionChange | undefined;

  constructor(
    private readonly runtime: SessionRuntime,
    public identity: Identity,
  ) {}

  create(record: SessionRecord, ttlSeconds: number): Promise<void> {
    return observed('commit', this.identity.id, () => this.#create(record, ttlSeconds));
  }

  async #create(record: SessionRecord, ttlSeconds: number): Promise<void> {
    const { backend } = this.runtime;
    if (!(await backend.create(this.identity.id, record, ttlSeconds))) {
      // The id is 256 random bits that nobody else knows: an earlier try of ours was applied, though it seemed to fail.
      await backend.set(this.identity.id, record, ttlSeconds);
    }
  }

  /** The change that has to be sent again before any other. */
  get unanswered(): SessionChange | undefined {
    return this.#unanswered;
  }

  async update(change: SessionChange, ttlSeconds: number): Promise<boolean> {
    const { backend, operations } = this.runtime;
    const sent = this.#named(change);
    const isApplied = await this.#whereItIs('commit', (id) => {
      const remove = [...sent.remove, ...operations.takeAcknowledged(id)];
      return backend.update(id, { ...sent, remove }, ttlSeconds);
    });
    this.#acknowledge(sent);
    return isApplied;
  }

  touch(ttlSeconds: number, seen: string): Promise<boolean> {
    return this.#whereItIs('touch', (id) => this.runtime.backend.touch(id, ttlSeconds, seen));
  }

  /**
   * Moves the session to a new identity.
   * @returns `found` where an earlier try was applied, though it seemed to fail: its change may have been another one
   */
  async rotate(to: Identity, rotation: SessionRotation, ttlSeconds: number): Promise<Moved> {
    const sent = this.#named(rotation);
    const move = () => this.#rotate(to, sent, ttlSeconds);
    const moved = await observed('commit', this.identity.id, move);
    if (moved === 'gone') return moved;
    this.identity = to;
    if (moved === 'applied') this.#acknowledge(sent);
    return moved;
  }

  async #rotate(to: Identity, sent: SessionRotation, ttlSeconds: number): Promise<Moved> {
    const { backend } = this.runtime;
    if (await backend.rotate(this.identity.id, to.id, sent, ttlSeconds)) return 'applied';
    // Nobody else knows the new id.
    return (await backend.get(to.id)) === null ? 'gone' : 'found';
  }

  deleteEmpty(): Promise<boolean> {
    const { id } = this.identity;
    return observed('destroy', id, () => this.runtime.backend.deleteEmpty(id));
  }

  /** Goes on at the id to which a renewal has moved the session; `false` where none has. */
  async follow(): Promise<boolean> {
    if (this.runtime.renewIntervalMs === Infinity) return false;
    const next = (await this.runtime.backend.get(this.identity.id))?.[NEXT];
    if (next !== undefined) this.identity = Identity.ofId(next);
    return next !== undefined;
  }

  /** Names a change that must not count twice, and keeps it until it is answered. */
  #named<T extends SessionChange>(change: T): T {
    if (!hasIncrements(change)) return change;
    const operation = change.operation ?? this.runtime.operations.create();
    const named = { ...change, operation };
    this.#unanswered ??= named;
    return named;
  }

  #acknowledge({ operation }: SessionChange): void {
    this.#unanswered = undefined;
    if (operation) this.runtime.operations.acknowledge(this.identity.id, operation);
  }

  async #whereItIs(
    operation: SessionOperation,
    write: (id: string) => Promise<boolean>,
  ): Promise<boolean> {
    const writeHere = () => observed(operation, this.identity.id, () => write(this.identity.id));
    return (await writeHere()) || ((await this.follow()) && (await writeHere()));
  }
}

/** Ends a session for good, wherever renewals have moved it. */
export function endSession(runtime: SessionRuntime, id: string): Promise<void> {
  return observed('destroy', id, () => end(runtime, id));
}

async function end(runtime: SessionRuntime, id: string): Promise<void> {
  const { backend, renewIntervalMs } = runtime;
  if (renewIntervalMs === Infinity) return backend.delete(id);
  let current: string | undefined = id;
  for (let moves = 0; current !== undefined && moves < MAX_MOVES; moves++) {
    // Moved to where nobody can find it, the session can't be renewed between being found and being deleted.
    const grave = new Identity().id;
    if (await backend.rotate(current, grave, { set: {}, remove: [], increment: {} }, 1)) {
      return backend.delete(grave);
    }
    current = (await backend.get(current))?.[NEXT];
  }
}

function hasIncrements(change: SessionChange): boolean {
  for (const _ in change.increment) return true;
  return false;
}
