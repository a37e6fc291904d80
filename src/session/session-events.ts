import { channel } from 'node:diagnostics_channel';

/** What is done with a session in the backend. */
export type SessionOperation = 'load' | 'commit' | 'touch' | 'destroy';

/** Published on `nestjs-server-session:load`, `:commit`, `:touch` and `:destroy` when the operation has succeeded. */
export interface SessionEvent {
  /** The session's public id, never its token. */
  readonly id: string;
  readonly durationMs: number;
}

/** Published on `nestjs-server-session:error` when an operation has failed. */
export interface SessionErrorEvent extends SessionEvent {
  readonly operation: SessionOperation;
  readonly error: Error;
}

const PREFIX = 'nestjs-server-session:';
const DONE = {
  load: channel(`${PREFIX}load`),
  commit: channel(`${PREFIX}commit`),
  touch: channel(`${PREFIX}touch`),
  destroy: channel(`${PREFIX}destroy`),
};
const FAILED = channel(`${PREFIX}error`);
const REPLACED = channel(`${PREFIX}replaced`);

/** Published on `nestjs-server-session:replaced` when a token came that was right before it was replaced. */
export interface SessionReplacedEvent {
  readonly id: string;
}

export function tellReplaced(id: string): void {
  if (REPLACED.hasSubscribers) REPLACED.publish({ id } satisfies SessionReplacedEvent);
}

/** Runs an operation and publishes what became of it, where somebody listens. */
export function observed<T>(
  operation: SessionOperation,
  id: string,
  run: () => Promise<T>,
): Promise<T> {
  const isObserved = DONE[operation].hasSubscribers || FAILED.hasSubscribers;
  return isObserved ? published(operation, id, run) : run();
}

async function published<T>(
  operation: SessionOperation,
  id: string,
  run: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  const event = (): SessionEvent => ({ id, durationMs: performance.now() - startedAt });
  try {
    const result = await run();
    DONE[operation].publish(event());
    return result;
  } catch (error) {
    FAILED.publish({ ...event(), operation, error: error as Error } satisfies SessionErrorEvent);
    throw error;
  }
}
