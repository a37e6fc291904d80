import { AsyncLocalStorage } from 'node:async_hooks';
import type { Session } from '../session/session.js';

/** What shows the session of what is handled, once it is loaded. */
interface SessionHolder {
  readonly session?: Session | undefined;
}

/** The session of what is being handled, from anywhere in it. */
export class CurrentSession {
  readonly #storage: AsyncLocalStorage<SessionHolder> | undefined;

  constructor(isFollowed: boolean) {
    this.#storage = isFollowed ? new AsyncLocalStorage() : undefined;
  }

  /** Runs what handles a request or a message, so that its session is the current one there. */
  within<T>(holder: SessionHolder, run: () => T): T {
    return this.#storage ? this.#storage.run(holder, run) : run();
  }

  /** @throws Error where the option `current` is not set */
  get session(): Session | undefined {
    if (!this.#storage) {
      throw new Error(
        'SessionService.current is off, because it costs every request some time before Node 24: write current: true in the options of SessionModule, or use SessionService.of(context). Outside of requests and messages, as in a cron job, there is no session to be current.',
      );
    }
    return this.#storage.getStore()?.session;
  }
}
