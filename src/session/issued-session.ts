import { ActiveSession } from './active-session.js';
import type { LifetimeOptions, SessionData, SessionKey } from './session.js';
import { createSessionObject } from './session-object.js';
import type { SessionRuntime } from './session-runtime.js';

/** What a session is made of where no request begins it. */
export interface IssueOptions {
  /** Its data: at least one field, as a session without any is not stored. */
  readonly data: Partial<Pick<SessionData, SessionKey>>;
  /** A life of its own, as `session.lifetime()` gives one. */
  readonly lifetime?: LifetimeOptions;
}

/** A session that no request has begun. */
export interface IssuedSession {
  /** Its public name, for `get(id)` and `revoke(id)`. Safe to store and to log. */
  readonly id: string;
  /** What its client sends as `Authorization: Bearer <token>`. A secret, like a password: never store or log it. */
  readonly token: string;
}

/**
 * Stores a new session. Its token is not signed yet.
 * @throws TypeError which names what is wrong, SessionValueError, SessionBackendError
 */
export async function issueSession(
  runtime: SessionRuntime,
  options: IssueOptions,
): Promise<IssuedSession> {
  const { data, lifetime, ...unknown } = (options ?? {}) as Partial<IssueOptions>;
  for (const name of Object.keys(unknown)) {
    throw new TypeError(`sessions.issue(): ${name} is no option: write data, lifetime.`);
  }
  const life = new ActiveSession(runtime);
  const session = createSessionObject(life);
  session.update(data ?? {});
  if (lifetime) session.lifetime(lifetime);
  await session.save();
  const told = life.notice.take();
  if (told?.kind !== 'token') {
    throw new TypeError(
      "sessions.issue() has no data, and a session without any is not stored: write issue({ data: { userId: 'ada' } }).",
    );
  }
  return { id: session.id, token: told.token };
}
