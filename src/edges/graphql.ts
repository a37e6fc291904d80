import type { ExecutionContext } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { classInterceptor, intercept, markedClasses } from './class-interceptor.js';
import type { Handle } from './handle.js';
import { RequestSessions, rawOf } from './http/request-sessions.js';
import { MessageHandle } from './ws/message-handle.js';

const NO_REQUEST =
  "This GraphQL context has no request, so its session can't be found. Return the request from the context function of GraphQLModule: context: ({ req }) => ({ req }).";

const UNKNOWN_SERVER =
  "This GraphQL operation came over a server that is not the one of the application, so its session can't be found. Have a guard ask for it before, by SessionService.of(context).";

const SHARED_CONTEXT =
  "The req of this GraphQL context is not the request that is answered, so whose session is meant can't be known. Have the context function of GraphQLModule return a new object for each request: context: (req) => ({ ...yours, req }).";

/** What `@Resolver()` notes on a class. */
const RESOLVER = 'graphql:resolver_type';

/** What a GraphQL context has of its request, by who made it. */
interface GraphqlContext {
  /** Nest's drivers: the request of an operation over HTTP, or what graphql-ws knows of a connection. */
  readonly req?: object & { readonly extra?: Pick<GraphqlContext, 'request'> };
  /** Mercurius: the request that a subscription's connection began with. */
  readonly request?: object & { readonly headers?: object };
  /** Mercurius: what answers an operation over HTTP, which it puts on whatever object it is given. */
  readonly reply?: { readonly request?: object };
}

/** What a GraphQL operation came by. */
interface GraphqlOrigin {
  readonly request: object;
  /** Whether that is the handshake of a WebSocket, which many operations share and no response answers. */
  readonly isHandshake: boolean;
}

/** The GraphQL context of an operation, the third argument of each of its resolvers. */
export function graphqlContextOf(context: ExecutionContext): object | undefined {
  return context.getArgByIndex<object | undefined>(2);
}

/** Whether what is no request is the context of an operation. */
export function isGraphqlContext(target: object): boolean {
  return !('headers' in target || 'raw' in target) && originOf(target) !== undefined;
}

/**
 * The handle of an operation: that of its request, or of the operation alone where that came over a socket.
 * @param known the sessions of the application, where whoever asks knows them
 * @throws Error where a context does not have its request, or that none of its sessions
 */
export function operationHandleOf(operation: object | undefined, known?: RequestSessions): Handle {
  const origin = operation && originOf(operation);
  if (!origin) throw new Error(NO_REQUEST);
  const { request, isHandshake } = origin;
  if (!isHandshake) return (known ?? RequestSessions.handling(request)).handleOf(request);
  const handle = MessageHandle.ofOperation(operation);
  if (handle) return handle;
  const requests = known ?? RequestSessions.knownTo(request);
  if (!requests) throw new Error(UNKNOWN_SERVER);
  return requests.handshakes.handleOfOperation(operation, rawOf(request));
}

/** Commits what an operation over a socket has changed before it is answered. Over HTTP its response is held. */
const interceptor = classInterceptor((context, next) => {
  const operation = graphqlContextOf(context);
  const origin = operation && originOf(operation);
  if (!origin?.isHandshake || !RequestSessions.knownTo(origin.request)) return next.handle();
  return operationHandleOf(operation).answered(next.handle());
});

/** Has the resolvers of an application commit where no interceptor of it does, before any of them is bound. */
export function installResolvers(modules: ModulesContainer): void {
  for (const resolver of markedClasses(modules, RESOLVER)) intercept(resolver, interceptor);
}

/** @throws Error where one context is that of several requests */
function originOf(operation: object): GraphqlOrigin | undefined {
  const { req, request, reply } = operation as GraphqlContext;
  const handshake = req?.extra?.request ?? (req ? undefined : request);
  if (handshake?.headers) return { request: handshake, isHandshake: true };
  if (!req) return undefined;
  if (reply?.request && rawOf(reply.request) !== rawOf(req)) throw new Error(SHARED_CONTEXT);
  // As context functions return it that take the handshake for the request.
  const isHandshake = RequestSessions.knownTo(req)?.handshakes.has(rawOf(req)) ?? false;
  return { request: req, isHandshake };
}
