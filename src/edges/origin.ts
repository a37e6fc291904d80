import type { ExecutionContext } from '@nestjs/common';
import { graphqlContextOf, graphqlOriginOf, isGraphql } from './graphql.js';

const NO_GRAPHQL_REQUEST =
  "This GraphQL context has no request, so its session can't be found. Return the request from the context function of GraphQLModule: context: ({ req }) => ({ req }).";

/** What an execution context or a GraphQL context came by, or what already is a request. */
export interface Origin {
  readonly request: object | undefined;
  /** The GraphQL context of an operation that has no request of its own. */
  readonly operation?: object;
}

export function originOf(contextOrRequest: object): Origin {
  if (!isContext(contextOrRequest)) {
    const isRequest = 'headers' in contextOrRequest || 'raw' in contextOrRequest;
    const origin = isRequest ? undefined : originOfGraphql(contextOrRequest);
    return origin ?? { request: contextOrRequest };
  }
  if (!isGraphql(contextOrRequest)) {
    return { request: contextOrRequest.switchToHttp().getRequest<object>() };
  }
  const context = graphqlContextOf(contextOrRequest);
  const origin = context && originOfGraphql(context);
  if (!origin) throw new Error(NO_GRAPHQL_REQUEST);
  return origin;
}

function originOfGraphql(context: object): Origin | undefined {
  const origin = graphqlOriginOf(context);
  if (!origin) return undefined;
  const { request, isHandshake } = origin;
  return isHandshake ? { request, operation: context } : { request };
}

export function isContext(value: object): value is ExecutionContext {
  return 'switchToHttp' in value && typeof value.switchToHttp === 'function';
}
