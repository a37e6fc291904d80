import type { ExecutionContext } from '@nestjs/common';

/** Nest's, where it keeps what a handler's parameters are. */
const ARGUMENTS = '__routeArguments__';
const PASSTHROUGH = '__responsePassthrough__';
/** `@Res()` and `@Next()`, as Nest numbers them for HTTP. */
const RESPONSE_OR_NEXT = /^[12]:/;

/** Whether a handler answers, and not Nest with what it returns. */
export function answersItself(context: ExecutionContext): boolean {
  if (context.getType() !== 'http') return false;
  const type = context.getClass();
  const { name } = context.getHandler();
  const args = (Reflect.getMetadata(ARGUMENTS, type, name) ?? {}) as object;
  const hasResponse = Object.keys(args).some((key) => RESPONSE_OR_NEXT.test(key));
  return hasResponse && !Reflect.getMetadata(PASSTHROUGH, type, name);
}
