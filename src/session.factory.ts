import { Logger } from '@nestjs/common';
import { AtomicAdapter } from './backends/atomic-adapter.js';
import { BoundedBackend } from './backends/bounded-backend.js';
import { isAtomic, type SessionBackend } from './backends/session-backend.js';
import { endsOf } from './backends/local-ends.js';
import { isIndexed } from './backends/principal-index.js';
import { LocalPrincipalIndex } from './backends/local-principal-index.js';
import { EndWatch } from './ends/end-watch.js';
import { ToldEnds } from './ends/told-ends.js';
import { CurrentSession } from './edges/current-session.js';
import { RequestSessions } from './edges/http/request-sessions.js';
import type { HandleRuntime } from './edges/http/session-handle.js';
import { SessionContexts } from './edges/session-contexts.js';
import { SessionSignals } from './edges/session-signals.js';
import { GatewaySessions } from './edges/ws/gateway-sessions.js';
import type { SocketRuntime } from './edges/ws/handshake.js';
import { SocketSessions } from './edges/ws/socket-sessions.js';
import { MIGRATE } from './migration/migration.js';
import type { SessionCodec } from './session/codec.js';
import { ServerStore } from './session/server-store.js';
import { ActiveSession } from './session/active-session.js';
import { issueSession } from './session/issued-session.js';
import type { SessionRuntime } from './session/session-runtime.js';
import { Principals } from './principals/principals.js';
import { SignIns } from './principals/sign-ins.js';
import { storedSession } from './session/stored-session.js';
import { BackendLifecycle } from './session.lifecycle.js';
import { resolveOptions } from './session.options-validator.js';
import type {
  ResolvedSessionOptions,
  SessionModuleSettings,
  SessionOptions,
} from './session.options.js';
import { type IssueSession, SessionService } from './session.service.js';
import { Transports } from './transports/transports.js';

/** The parts of one application's sessions, ready to use. */
export interface SessionParts {
  readonly requests: RequestSessions;
  readonly gateways: GatewaySessions;
  readonly service: SessionService;
  readonly lifecycle: BackendLifecycle;
}

/**
 * Makes the parts and gives each what it needs.
 * @throws SessionOptionsError, TypeError where the backend lacks methods
 */
export function createSessions(
  options: SessionOptions,
  backend: SessionBackend,
  codec: SessionCodec,
  load: NonNullable<SessionModuleSettings['load']>,
): SessionParts {
  const resolved = resolveOptions(options);
  const logger = new Logger(SessionService.name);
  const { backendTimeoutMs, idleMs, absoluteMs, renewGraceMs } = resolved;
  const lifetime = { idleMs, absoluteMs };
  const atomic = isAtomic(backend)
    ? backend
    : new AtomicAdapter(backend, { lockTimeoutMs: backendTimeoutMs });
  const bounded = new BoundedBackend(atomic, backendTimeoutMs);
  const index = bounded.boundedIndex(
    isIndexed(backend) ? backend.principals : new LocalPrincipalIndex(),
  );
  const ownEnds = bounded.boundedEnds(endsOf(atomic));
  const { migration } = resolved;
  const migrating = migration?.migrate[MIGRATE]({
    backend: bounded,
    ends: ownEnds,
    codec,
    lifetime,
    timeoutMs: backendTimeoutMs,
    derive: (text) => migration.derive(text),
  });
  const ends = migrating?.ends ?? ownEnds;
  const isDerived = resolved.principalOf !== undefined;
  const sessions = { backend: bounded, ends, lifetime, isDerived };
  const endWatch = new EndWatch(bounded, ends, lifetime);
  const toldEnds = new ToldEnds(ends);
  const store = new ServerStore({
    backend: bounded,
    ends,
    signIns: new SignIns(sessions, index, resolved.sessionLimit),
    codec,
    lifetime,
    renewGraceMs,
    onUndecodable: (id) =>
      logger.warn(`Session ${id} can't be decoded, so it is treated as no session.`),
  });
  const { touchIntervalMs, renewIntervalMs } = resolved;
  const { principalOf } = resolved;
  if (migrating) store.loadBy((load) => migrating.loading(load));
  const runtime = { store, codec, lifetime, touchIntervalMs, renewIntervalMs, principalOf };
  const transports = new Transports(
    resolved,
    () => store.now(),
    migrating && ((header) => migrating.importable(header)),
  );
  const current = new CurrentSession(resolved.current);
  const warn = (message: string) => logger.warn(message);
  const sockets = new SocketSessions({
    ...opener(socketRuntime(runtime), resolved.onBackendError),
    tokensOf: (request) => {
      const { all, importable } = transports.in(request, request);
      return importable.length > 0 ? [...all, ...importable] : all;
    },
    identityIn: (token, record) => store.identityIn(token, record),
    ends: endWatch,
    isRenewing: renewIntervalMs !== Infinity,
    warn,
  });
  const requests = new RequestSessions(
    { transports, ...opener(runtime, resolved.onBackendError), warn },
    current,
    sockets,
    load === 'lazy',
  );
  const contexts = new SessionContexts(requests, sockets, current, new SessionSignals(endWatch));
  const read = async (id: string) => {
    const found = await store.peek(id);
    return found && storedSession(id, found, lifetime);
  };
  const principals = new Principals(sessions, index, read);
  const issue = issuer(runtime, transports, resolved);
  return {
    requests,
    gateways: new GatewaySessions(sockets, current),
    service: new SessionService(contexts, store, bounded, issue, principals, toldEnds.all),
    lifecycle: new BackendLifecycle(backend, [bounded, endWatch, toldEnds]),
  };
}

/** How a session is found by the tokens of a request, and again once it was found. */
function opener(
  runtime: SessionRuntime,
  onBackendError: ResolvedSessionOptions['onBackendError'],
): Pick<HandleRuntime, 'open'> & Pick<SocketRuntime, 'reopen'> {
  const opened = (session: Promise<ActiveSession>) =>
    onBackendError === 'fail'
      ? session
      : session.catch((error: Error) => ActiveSession.unavailable(runtime, error));
  return {
    open: (tokens, arrivedAtMs?: number) =>
      tokens.all.length === 0 && !tokens.importable?.length
        ? new ActiveSession(runtime, undefined, undefined, arrivedAtMs)
        : opened(ActiveSession.open(runtime, tokens.all, arrivedAtMs, tokens)),
    reopen: (before) => opened(ActiveSession.reopen(runtime, before)),
  };
}

/** How a session is made that no request begins. */
function issuer(
  runtime: SessionRuntime,
  transports: Transports,
  options: ResolvedSessionOptions,
): IssueSession {
  return async (principal, session) => {
    if (!options.transports.includes('bearer')) {
      throw new Error(
        "sessions.issue() gives a token for the header Authorization, which this application does not read: write transports: ['cookie', 'bearer'] in the options of SessionModule.",
      );
    }
    const { id, token } = await issueSession(runtime, principal, session);
    return { id, token: transports.sign(token) };
  };
}

/**
 * Over a socket no token is renewed, and a use is written where HTTP has written none for half of the idle timeout: HTTP
 * writes it in time then, and lengthens the life of the cookie with it, which a socket can't.
 */
function socketRuntime(runtime: SessionRuntime): SessionRuntime {
  const touchIntervalMs = Math.max(runtime.touchIntervalMs, runtime.lifetime.idleMs / 2);
  return { ...runtime, touchIntervalMs, renewIntervalMs: Infinity };
}
