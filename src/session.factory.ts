import { Logger } from '@nestjs/common';
import type { SessionBackend } from './backends/session-backend.js';
import { areClientSessions, type ClientSessions, KEEP } from './client-sessions.js';
import { CurrentSession } from './edges/current-session.js';
import { RequestSessions } from './edges/http/request-sessions.js';
import type { HandleRuntime } from './edges/http/session-handle.js';
import { SessionContexts } from './edges/session-contexts.js';
import { SiteCheck } from './edges/site-check.js';
import { SessionSignals } from './edges/session-signals.js';
import { GatewaySessions } from './edges/ws/gateway-sessions.js';
import type { SocketRuntime } from './edges/ws/handshake.js';
import { SocketSessions } from './edges/ws/socket-sessions.js';
import type { KeepingSettings, KeptSessions } from './kept-sessions.js';
import { keepInBackend } from './server-sessions.js';
import { ActiveSession } from './session/active-session.js';
import type { SessionCodec } from './session/codec.js';
import type { SessionRuntime } from './session/session-runtime.js';
import { BackendLifecycle } from './session.lifecycle.js';
import { resolveOptions } from './session.options-validator.js';
import type {
  ResolvedSessionOptions,
  SessionModuleSettings,
  SessionOptions,
} from './session.options.js';
import { SessionService } from './session.service.js';
import type { Transports } from './transports/transports.js';

/** The parts of one application's sessions, ready to use. */
export interface SessionParts {
  readonly requests: RequestSessions;
  readonly gateways: GatewaySessions;
  readonly service: SessionService;
  readonly lifecycle: BackendLifecycle;
  /** For tests, which make sessions that no request has begun. */
  readonly testing: { readonly runtime: SessionRuntime; readonly transports: Transports };
}

/** By which they are provided, in every copy of this library. */
export const SESSION_PARTS = Symbol.for('nestjs-server-session:PARTS');

/**
 * Makes the parts and gives each what it needs.
 * @throws SessionOptionsError, TypeError where the backend lacks methods
 */
export function createSessions(
  options: SessionOptions,
  backend: SessionBackend | ClientSessions,
  codec: SessionCodec,
  load: NonNullable<SessionModuleSettings['load']>,
): SessionParts {
  const resolved = resolveOptions(options);
  const logger = new Logger(SessionService.name);
  const warn = (message: string) => logger.warn(message);
  resolved.questions.forEach(warn);
  const kept = keep(backend, options.secret, {
    options: resolved,
    codec,
    warn,
    onUndecodable: (id) => warn(`Session ${id} can't be decoded, so it is treated as no session.`),
  });
  const { store, transports, endWatch } = kept;
  const { idleMs, absoluteMs, touchIntervalMs, renewIntervalMs, principalOf } = resolved;
  const lifetime = { idleMs, absoluteMs };
  const runtime = { store, codec, lifetime, touchIntervalMs, renewIntervalMs, principalOf };
  const current = new CurrentSession(resolved.current);
  const siteCheck = resolved.isTrusted && new SiteCheck(resolved.isTrusted, warn);
  const sockets = new SocketSessions({
    ...opener(socketRuntime(runtime), resolved.onBackendError),
    ...kept.sockets,
    tokensOf: (request) => {
      const tokens = transports.in(request, request);
      const refusal = siteCheck?.ofHandshake(request, tokens);
      if (refusal) throw refusal;
      const { all, importable } = tokens;
      return importable.length > 0 ? [...all, ...importable] : all;
    },
    ends: endWatch,
    warn,
  });
  const requests = new RequestSessions(
    { transports, siteCheck, ...opener(runtime, resolved.onBackendError), warn },
    current,
    sockets,
    load === 'lazy',
  );
  const contexts = new SessionContexts(requests, sockets, current, new SessionSignals(endWatch));
  return {
    requests,
    gateways: new GatewaySessions(sockets, current),
    service: new SessionService(
      contexts,
      kept.byId,
      kept.check,
      kept.issue(runtime),
      kept.byPrincipal,
      kept.ends,
    ),
    lifecycle: new BackendLifecycle(backend, kept.working),
    testing: { runtime, transports },
  };
}

type KeepByClients = (secrets: readonly string[], settings: KeepingSettings) => KeptSessions;

function keep(
  backend: SessionBackend | ClientSessions,
  secret: SessionOptions['secret'],
  settings: KeepingSettings,
): KeptSessions {
  if (!areClientSessions(backend)) return keepInBackend(backend, settings);
  return (backend[KEEP] as KeepByClients)([secret].flat(), settings);
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

/**
 * Over a socket no token is renewed, and a use is written where HTTP has written none for half of the idle timeout: HTTP
 * writes it in time then, and lengthens the life of the cookie with it, which a socket can't.
 */
function socketRuntime(runtime: SessionRuntime): SessionRuntime {
  const touchIntervalMs = Math.max(runtime.touchIntervalMs, runtime.lifetime.idleMs / 2);
  return { ...runtime, touchIntervalMs, renewIntervalMs: Infinity };
}
