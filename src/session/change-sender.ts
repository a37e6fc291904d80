import { OPERATION_MS } from '../backends/session-backend.js';
import { SessionBackendError } from '../errors/session-backend.error.js';
import { SessionSizeError } from '../errors/session-size.error.js';
import type { SessionStore, StoreChange, StoreResult } from './session-store.js';
import type { Identity } from './token.js';

/** A change that was not answered: it may have been applied, and is sent again as it was, before anything else is. */
export interface UnansweredChange {
  readonly change: StoreChange;
  /** When it was sent first, by `performance.now()`. */
  readonly sentAtMs: number;
}

/** A session of which changes are sent. */
interface Sending {
  readonly identity: Identity;
  unanswered: UnansweredChange | undefined;
}

/**
 * Sends a change of a session, which keeps it until it is answered.
 * @throws SessionBackendError, after which it is still kept; SessionSizeError, after which it is not
 */
export async function sendChange(
  store: SessionStore,
  session: Sending,
  change: StoreChange,
): Promise<StoreResult> {
  const nowMs = performance.now();
  const { sentAtMs } = (session.unanswered ??= { change, sentAtMs: nowMs });
  if (change.operation && nowMs - sentAtMs >= OPERATION_MS / 2) {
    throw new SessionBackendError(
      'The session backend did not answer a change long ago, so it is not known whether it was applied',
    );
  }
  try {
    const result = await store.update(session.identity, change);
    session.unanswered = undefined;
    return result;
  } catch (error) {
    if (error instanceof SessionSizeError) session.unanswered = undefined;
    throw error;
  }
}
