import { checkPrincipal } from '../principals/principal-name.js';
import { ActiveSession } from './active-session.js';
import type { Telling } from './client-notice.js';
import type { LifetimeOptions, Session, SessionValues, SessionKey } from './session.js';
import { createSessionObject } from './session-object.js';
import type { SessionRuntime } from './session-runtime.js';

/** What a session is made of where no request begins it. */
export interface IssueOptions {
  readonly data?: Partial<Pick<SessionValues, SessionKey>>;
  /** A life of its own, as `session.signIn()` gives one. */
  readonly lifetime?: LifetimeOptions;
}

/** A session that no request has begun. */
export interface IssuedSession {
  /** Its public name, for `get(id)` and `revoke(id)`. Safe to store and to log. */
  readonly id: string;
  /** What its client sends as `Authorization: Bearer <token>`. A secret, like a password: never store or log it. */
  readonly token: string;
}

/** Such a session, with what its client is to be told of its token, which is not signed yet. */
export interface BegunSession {
  readonly id: string;
  readonly telling: Extract<Telling, { token: string }>;
}

/**
 * Stores a new session of a principal.
 * @throws TypeError which names what is wrong, SessionValueError, SessionLimitError, SessionBackendError
 */
export async function issueSession(
  runtime: SessionRuntime,
  principal: string,
  options: IssueOptions = {},
): Promise<BegunSession> {
  checkPrincipal('sessions.issue(principal)', principal);
  const { data, lifetime, ...unknown } = options;
  for (const name of Object.keys(unknown)) {
    throw new TypeError(`sessions.issue(): ${name} is no option: write data, lifetime.`);
  }
  const life = new ActiveSession(runtime);
  const session = createSessionObject(life);
  if (data !== undefined) session.update(data);
  if (runtime.principalOf) checkDerived(runtime.principalOf.field, session, principal, lifetime);
  else await session.signIn(principal, { ...(lifetime && { lifetime }) });
  await session.save();
  return { id: session.id, telling: life.notice.take() as BegunSession['telling'] };
}

/** Where the data say whose a session is. */
function checkDerived(
  field: string,
  session: Session,
  principal: string,
  lifetime?: LifetimeOptions,
): void {
  if (session.principal !== principal) {
    throw new TypeError(
      `sessions.issue(principal, { data }): by the option principals.of the field ${field} says whose a session is, and data is somebody else's. Nothing was stored.`,
    );
  }
  if (lifetime) session.lifetime(lifetime);
}
