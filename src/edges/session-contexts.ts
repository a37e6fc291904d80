import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';
import type { Session } from '../session/session.js';
import { lifeOf } from '../session/session-object.js';
import type { CurrentSession } from './current-session.js';
import { graphqlContextOf, isGraphqlContext, operationHandleOf } from './graphql.js';
import type { Handle } from './handle.js';
import { RequestSessions } from './http/request-sessions.js';
import type { FrameworkRequest } from './http/session-handle.js';
import { noSessionIn, noSessionOf } from './no-session.js';
import type { SessionSignals, SignalOptions } from './session-signals.js';
import { MessageHandle } from './ws/message-handle.js';
import type { SocketSessions } from './ws/socket-sessions.js';

/** Which session is meant: that of a context, of a request or of a socket. */
export class SessionContexts {
  constructor(
    private readonly requests: RequestSessions,
    private readonly sockets: SocketSessions,
    private readonly followed: CurrentSession,
    private readonly signals: SessionSignals,
  ) {}

  /** The session of a handler's context. @throws SessionBackendError, Error where such a context has none */
  static loadOf(context: ExecutionContext): Promise<Session> | Session {
    return handleOf(context).load();
  }

  /** @throws SessionBackendError, Error where it has none */
  load(target: object): Promise<Session> | Session {
    if (isContext(target)) return handleOf(target, this.requests).load();
    if (typeof target !== 'object' || target === null) throw noSessionOf(target);
    const handshake = this.sockets.ofClient(target);
    if (handshake) return new MessageHandle(handshake).load();
    if (isGraphqlContext(target)) return operationHandleOf(target, this.requests).load();
    return this.requests.load(target);
  }

  /** See `SessionService.signal`. */
  signal(target: object | string, options?: SignalOptions): AbortSignal {
    if (typeof target === 'string') return this.signals.ofId(target, options);
    return this.signals.of(lifeOf(target) ? (target as Session) : this.load(target));
  }

  /** @throws Error where it is not followed */
  get current(): Session | undefined {
    return this.followed.session;
  }

  enter(
    raw: IncomingMessage,
    response: ServerResponse,
    request: FrameworkRequest,
    next: () => void,
  ): void {
    this.requests.enter(raw, response, request, next);
  }
}

/** @param known the sessions of the application, where whoever asks knows them */
function handleOf(context: ExecutionContext, known?: RequestSessions): Handle {
  const type = context.getType<string>();
  switch (type) {
    case 'http': {
      const request = context.switchToHttp().getRequest<object | undefined>();
      return (known ?? RequestSessions.handling(request)).handleOf(request);
    }
    case 'graphql':
      return operationHandleOf(graphqlContextOf(context), known);
    case 'ws': {
      const handle = MessageHandle.among(context.getArgs());
      if (handle) return handle;
    }
  }
  throw noSessionIn(type);
}

function isContext(value: object): value is ExecutionContext {
  const { switchToHttp, getType } = (value ?? {}) as Partial<ExecutionContext>;
  return typeof switchToHttp === 'function' && typeof getType === 'function';
}
