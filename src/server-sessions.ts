import { AtomicAdapter } from './backends/atomic-adapter.js';
import { BoundedBackend } from './backends/bounded-backend.js';
import { endsOf } from './backends/local-ends.js';
import { LocalPrincipalIndex } from './backends/local-principal-index.js';
import { isIndexed } from './backends/principal-index.js';
import { isAtomic, type SessionBackend } from './backends/session-backend.js';
import { EndWatch } from './ends/end-watch.js';
import { ToldEnds } from './ends/told-ends.js';
import type { KeepingSettings, KeptSessions } from './kept-sessions.js';
import { MIGRATE } from './migration/migration.js';
import { Principals } from './principals/principals.js';
import { SignIns } from './principals/sign-ins.js';
import { issueSession } from './session/issued-session.js';
import { ServerStore } from './session/server-store.js';
import { storedSession } from './session/stored-session.js';
import { Identity } from './session/token.js';
import { signToken } from './transports/signed-token.js';
import { signedTransports } from './transports/transports.js';

const NO_BEARER =
  "sessions.issue() gives a token for the header Authorization, which this application does not read: write transports: ['cookie', 'bearer'] in the options of SessionModule.";

/** Of a backend that has no abilities but the basic ones. */
const LOCAL_INDEX =
  'The session backend keeps no index of users, so that list(), revokeAll() and maxSessions know only what has signed in at this process since it started. RedisBackend and PostgresBackend keep one.';

/** Keeps the sessions of an application in a backend. @throws TypeError where that lacks methods */
export function keepInBackend(
  backend: SessionBackend,
  { options, codec, warn, onUndecodable }: KeepingSettings,
): KeptSessions {
  const { backendTimeoutMs, idleMs, absoluteMs, renewGraceMs } = options;
  const lifetime = { idleMs, absoluteMs };
  const atomic = isAtomic(backend)
    ? backend
    : new AtomicAdapter(backend, { lockTimeoutMs: backendTimeoutMs });
  const bounded = new BoundedBackend(atomic, backendTimeoutMs);
  const index = bounded.boundedIndex(
    isIndexed(backend) ? backend.principals : new LocalPrincipalIndex(),
  );
  if (options.sessionLimit && !isIndexed(backend)) warn(LOCAL_INDEX);
  const ownEnds = bounded.boundedEnds(endsOf(atomic));
  const { migration } = options;
  const migrating = migration?.migrate[MIGRATE]({
    backend: bounded,
    ends: ownEnds,
    codec,
    lifetime,
    timeoutMs: backendTimeoutMs,
    derive: (text) => migration.derive(text),
  });
  const ends = migrating?.ends ?? ownEnds;
  const isDerived = options.principalOf !== undefined;
  const sessions = { backend: bounded, ends, lifetime, isDerived };
  const signIns = new SignIns(sessions, index, options.sessionLimit);
  const store = new ServerStore({
    backend: bounded,
    ends,
    signIns,
    codec,
    lifetime,
    renewGraceMs,
    origins: migrating?.origins,
    onUndecodable,
  });
  if (migrating) store.loadBy((load) => migrating.loading(load));
  const endWatch = new EndWatch(bounded, ends, lifetime);
  const toldEnds = new ToldEnds(ends);
  const read = async (id: string) => {
    const found = await store.peek(id);
    return found && storedSession(id, found, lifetime);
  };
  return {
    store,
    transports: signedTransports(
      options,
      () => store.now(),
      migrating && ((header) => migrating.importable(header)),
    ),
    byId: store,
    byPrincipal: new Principals(
      sessions,
      index,
      read,
      isIndexed(backend) || options.sessionLimit ? undefined : () => warn(LOCAL_INDEX),
    ),
    ends: toldEnds.all,
    check: bounded,
    issue: (runtime) => async (principal, session) => {
      if (!options.transports.includes('bearer')) throw new Error(NO_BEARER);
      const { id, telling } = await issueSession(runtime, principal, session);
      return { id, token: signToken(telling.token, options.signatures) };
    },
    sockets: {
      idIn: (token) => Identity.ofToken(token).id,
      identityIn: (token, record) => store.identityIn(token, record),
      opensAtOnce: options.renewIntervalMs !== Infinity,
    },
    endWatch,
    working: [bounded, endWatch, toldEnds],
  };
}
