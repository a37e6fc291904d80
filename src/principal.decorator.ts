import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { SessionContexts } from './edges/session-contexts.js';

const principalOf = createParamDecorator<undefined>((_, context: ExecutionContext) => {
  const session = SessionContexts.loadOf(context);
  return session instanceof Promise
    ? session.then((loaded) => loaded.principal)
    : session.principal;
});

/**
 * Gives a handler whose session its request or message has: `@Principal() userId: string`, behind a `SignedInGuard`;
 * `undefined` where it is nobody's.
 */
export const Principal = (): ParameterDecorator => principalOf();
