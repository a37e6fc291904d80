import { OPERATION_MS } from '../backends/session-backend.js';
import { SessionBackendError } from '../errors/session-backend.error.js';
import type { SessionStore, StoreChange, StoreResult } from './session-store.js';
import type { Identity } from './token.js';

/** Sends the changes of one session, and keeps one that was not answered: it may have been applied. */
export class ChangeSender {
  #unanswered: { readonly change: StoreChange; readonly sentAtMs: number } | undefined;

  constructor(private readonly store: SessionStore) {}

  /** What has to be sent again, as it was, before anything else is. */
  get unanswered(): StoreChange | undefined {
    return this.#unanswered?.change;
  }

  forget(): void {
    this.#unanswered = undefined;
  }

  /** @throws SessionBackendError */
  async send(identity: Identity, change: StoreChange): Promise<StoreResult> {
    const nowMs = performance.now();
    const { sentAtMs } = (this.#unanswered ??= { change, sentAtMs: nowMs });
    if (change.operation && nowMs - sentAtMs >= OPERATION_MS / 2) {
      throw new SessionBackendError(
        'The session backend did not answer a change long ago, so it is not known whether it was applied',
      );
    }
    const result = await this.store.update(identity, change);
    this.#unanswered = undefined;
    return result;
  }
}
