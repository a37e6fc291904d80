import type { Observable } from 'rxjs';
import type { ActiveSession, SessionScope } from '../session/active-session.js';
import { createSessionObject } from '../session/session-object.js';
import type { Session } from '../session/session.js';

/** What a request or a message has its session by: loaded once, whoever asks first, and shared by everybody who does. */
export abstract class Handle implements SessionScope {
  /** The session, once it is loaded. */
  session: Session | undefined;
  protected life: ActiveSession | undefined;
  protected loading: Promise<Session> | undefined;
  /** What failed, and was told: nothing more is saved after it. */
  protected failure: { readonly error: unknown } | undefined;

  /** @throws SessionBackendError */
  load(): Promise<Session> | Session {
    if (this.session) return this.session;
    if (this.loading) return this.loading;
    const life = this.open();
    if (!(life instanceof Promise)) return this.#adopt(life);
    return (this.loading = life.then(
      (loaded) => this.#adopt(loaded),
      (error: unknown) => this.fail(error),
    ));
  }

  /** As `load`, for the handler that is about to run. */
  abstract loadForHandler(): Promise<Session> | Session;
  /** Saves what has changed; `undefined` where nothing has. */
  abstract commit(): Promise<void> | undefined;
  /** The answers of a part of what is handled, such as a root field of GraphQL, each when it may leave. */
  abstract answered(answers: Observable<unknown>): Observable<unknown>;

  /** Has a failed commit answered when a head is to leave; `false` where none is. */
  failHead(_error: unknown): boolean {
    return false;
  }

  /** Says when to ask again, where that can be said and the backend has failed. */
  tellRetry(_error: unknown): void {}

  /** Ends the session, which is known to be done before an answer leaves; `false` where none is loaded. */
  discard(): boolean {
    this.life?.discard();
    return this.life !== undefined;
  }

  abstract onceOver(run: () => void): void;

  /** What is over when its session need not be watched any more. */
  protected get scope(): SessionScope {
    return this;
  }

  protected abstract open(): Promise<ActiveSession> | ActiveSession;
  /** The session was loaded. */
  protected abstract adopted(life: ActiveSession): void;

  protected fail(error: unknown): never {
    this.failure = { error };
    this.life?.close(error);
    throw error;
  }

  /** Does something with the session where there is one; what it throws, it rejects with. */
  protected run(
    work: (life: ActiveSession) => Promise<void> | undefined,
  ): Promise<void> | undefined {
    if (this.failure || !this.life) return undefined;
    try {
      return work(this.life);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #adopt(life: ActiveSession): Session {
    this.life = life;
    life.scope = this.scope;
    this.session = createSessionObject(life);
    this.adopted(life);
    return this.session;
  }
}
