import type { ExecutionContext } from '@nestjs/common';

/** What a GraphQL context has of its request, by who made it. */
interface GraphqlContext {
  /** Nest's drivers: the request of an operation over HTTP, or what graphql-ws knows of a connection. */
  readonly req?: object & { readonly extra?: Pick<GraphqlContext, 'request'> };
  /** Mercurius: the request that a subscription's connection began with. */
  readonly request?: object & { readonly headers?: object };
}

/** What a GraphQL operation came by. */
export interface GraphqlOrigin {
  readonly request: object;
  /** Whether that is the handshake of a WebSocket, which many operations share and no response answers. */
  readonly isHandshake: boolean;
}

export function isGraphql(context: ExecutionContext): boolean {
  return context.getType<string>() === 'graphql';
}

/** The GraphQL context of an operation, the third argument of each of its resolvers. */
export function graphqlContextOf(context: ExecutionContext): object | undefined {
  return context.getArgByIndex<object | undefined>(2);
}

/** `undefined` where a context is none of GraphQL, or does not have its request. */
export function graphqlOriginOf(context: object): GraphqlOrigin | undefined {
  const { req, request } = context as GraphqlContext;
  const handshake = req?.extra?.request ?? (req ? undefined : request);
  if (handshake?.headers) return { request: handshake, isHandshake: true };
  return req && { request: req, isHandshake: false };
}
