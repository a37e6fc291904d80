import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { HeldResponse } from './held-response.js';
import type { RequestSessions } from './request-sessions.js';
import type { FrameworkRequest } from './session-handle.js';
import { REQUEST_SESSIONS } from './session-property.js';

type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** What is used of an Express application. */
interface Express {
  readonly request: object;
  handle: Handler;
}

/** What is used of a Fastify instance. */
interface Fastify {
  addHook(
    name: 'onRequest',
    hook: (
      request: FrameworkRequest & { raw: IncomingMessage },
      reply: { raw: ServerResponse },
      done: () => void,
    ) => void,
  ): void;
  hasRequestDecorator(name: string | symbol): boolean;
  decorateRequest(name: string | symbol, property: object): void;
}

/**
 * Gives every request of an application its handle, before any middleware and any hook of the application sees it, and
 * its prototype the property `session`. This has to come before the application can add anything.
 */
export function installEdge(adapter: AbstractHttpAdapter, sessions: RequestSessions): void {
  const instance: unknown = adapter.getInstance();
  if (adapter.getType() === 'fastify') installOnFastify(instance as Fastify, sessions);
  else if (isExpress(instance)) installOnExpress(instance, sessions);
}

/**
 * Around `handle`, because Express changes the prototypes of request and response there: before that a property is added
 * for next to nothing, after it for 2 to 3 µs.
 */
function installOnExpress(app: Express, sessions: RequestSessions): void {
  Object.defineProperties(app.request, {
    session: sessions.property,
    [REQUEST_SESSIONS]: { configurable: true, value: sessions },
  });
  const { handle } = app;
  app.handle = (request, response, next) => {
    HeldResponse.prepare(response);
    sessions.enter(request, response, request as FrameworkRequest, () =>
      handle.call(app, request, response, next),
    );
  };
}

function installOnFastify(instance: Fastify, sessions: RequestSessions): void {
  instance.decorateRequest(REQUEST_SESSIONS, { getter: () => sessions });
  const { get: getter, set: setter } = sessions.property;
  if (!instance.hasRequestDecorator('session')) {
    instance.decorateRequest('session', { getter, setter });
  }
  instance.addHook('onRequest', (request, reply, done) =>
    sessions.enter(request.raw, reply.raw, request, done),
  );
}

function isExpress(instance: unknown): instance is Express {
  const { handle, request } = (instance ?? {}) as Partial<Express>;
  return typeof handle === 'function' && typeof request === 'object';
}
