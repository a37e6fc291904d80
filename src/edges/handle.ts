import type { Observable } from 'rxjs';
import type { Session } from '../session/session.js';

/** What a request or a message has its session by: loaded once, whoever asks first, and shared by everybody who does. */
export interface Handle {
  /** The session, once it is loaded. */
  readonly session: Session | undefined;
  /** @throws SessionBackendError */
  load(): Promise<Session> | Session;
  /** As `load`, for the handler that is about to run. */
  loadForHandler(): Promise<Session> | Session;
  /** Saves what has changed; `undefined` where nothing has. */
  commit(): Promise<void> | undefined;
  /** The answers of a part of what is handled, such as a root field of GraphQL, each when it may leave. */
  answered(answers: Observable<unknown>): Observable<unknown>;
  /** Ends the session; `false` where none is loaded. */
  discard(): boolean;
}
