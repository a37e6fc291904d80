import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';
import type { Session } from '../session/session.js';
import { RequestSessions } from './http/request-sessions.js';
import type { FrameworkRequest } from './http/session-handle.js';
import { noSessionIn, noSessionOf } from './no-session.js';
import type { GatewaySessions } from './ws/gateway-sessions.js';
import { MessageHandle } from './ws/message-handle.js';

/** Which session is meant: that of a context, of a request or of a socket. */
export class SessionContexts {
  constructor(
    private readonly requests: RequestSessions,
    private readonly gateways: GatewaySessions,
  ) {}

  /** The session of a handler's context. @throws SessionBackendError, Error where such a context has none */
  static loadOf(context: ExecutionContext): Promise<Session> | Session {
    const type = context.getType<string>();
    if (isOfRequest(type)) return RequestSessions.handleOf(context).load();
    const handle = type === 'ws' ? MessageHandle.among(context.getArgs()) : undefined;
    if (!handle) throw noSessionIn(type);
    return handle.load();
  }

  /** @throws SessionBackendError, Error where it has none */
  load(target: object): Promise<Session> | Session {
    if (isContext(target)) {
      return isOfRequest(target.getType<string>())
        ? this.requests.load(target)
        : SessionContexts.loadOf(target);
    }
    if (typeof target !== 'object' || target === null) throw noSessionOf(target);
    return (this.gateways.handleOf(target) ?? this.requests).load(target);
  }

  /** @throws Error where it is not followed */
  get current(): Session | undefined {
    return this.requests.current;
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

/** A GraphQL operation is one of its request, or of its socket's handshake. */
function isOfRequest(type: string): boolean {
  return type === 'http' || type === 'graphql';
}

function isContext(value: object): value is ExecutionContext {
  const { switchToHttp, getType } = (value ?? {}) as Partial<ExecutionContext>;
  return typeof switchToHttp === 'function' && typeof getType === 'function';
}
