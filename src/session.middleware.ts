import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable, type NestMiddleware } from '@nestjs/common';
import { SessionHandle } from './edges/http/session-handle.js';
import { SessionService } from './session.service.js';

/**
 * Loads the session as `req.session` for code that needs it before guards, such as passport:
 * `consumer.apply(SessionMiddleware)` or `app.use(app.get(SessionMiddleware).use)`.
 */
@Injectable()
export class SessionMiddleware implements NestMiddleware<IncomingMessage, ServerResponse> {
  constructor(private readonly sessions: SessionService) {}

  readonly use = (
    request: IncomingMessage,
    response: ServerResponse,
    next: (error?: unknown) => void,
  ): void => {
    const session = SessionHandle.attach(this.sessions.edge, request, response).load();
    if (session instanceof Promise) session.then(() => next(), next);
    else next();
  };
}
