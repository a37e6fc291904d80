import type { IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable, type NestMiddleware } from '@nestjs/common';
import { RequestSessions } from './edges/http/request-sessions.js';

/**
 * Loads the session as `req.session` for code that needs it before guards, such as passport:
 * `app.use(app.get(SessionMiddleware).use)` or `consumer.apply(SessionMiddleware)`.
 *
 * On the upgrade of a WebSocket, where no response can leave, `use(request, {}, next)` loads it too; what is changed there
 * is saved by itself right after.
 */
@Injectable()
export class SessionMiddleware implements NestMiddleware<IncomingMessage, ServerResponse | object> {
  /** @hidden Nest makes it. */
  constructor(@Inject(RequestSessions) private readonly requests: RequestSessions) {}

  readonly use = (
    request: IncomingMessage,
    response: ServerResponse | object,
    // As in Express, so that socket.io's `next` fits too.
    // eslint-disable-next-line typescript/no-explicit-any
    next: (error?: any) => void,
  ): void => {
    let session: object;
    try {
      session = this.requests.attach(request, response).load();
    } catch (error) {
      // By a function among the options. Where an upgrade is handled nobody else would catch it.
      return next(error);
    }
    this.requests.pin(request);
    if (session instanceof Promise) session.then(() => next(), next);
    else next();
  };
}
