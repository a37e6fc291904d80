import { type NestInterceptor, UseInterceptors } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

/** On an interceptor: it is one of this package, be it another copy of it. */
const OURS = Symbol.for('nestjs-server-session:class-interceptor');
/** Where `@UseInterceptors()` notes them. */
const INTERCEPTORS = '__interceptors__';

type Intercept = NestInterceptor['intercept'];

/** Makes an interceptor of classes, which is the same for all applications. */
export function classInterceptor(intercept: Intercept): NestInterceptor {
  return Object.assign({ intercept }, { [OURS]: true });
}

/**
 * Gives an interceptor to the classes of an application's providers that a decorator has marked, before they are bound. On
 * HTTP a global one would cost every request, and for gateways Nest 11 has none.
 */
export function interceptClasses(
  modules: ModulesContainer,
  mark: string,
  interceptor: NestInterceptor,
): void {
  for (const { providers } of modules.values()) {
    for (const { metatype } of providers.values()) {
      if (typeof metatype !== 'function' || !Reflect.hasMetadata(mark, metatype)) continue;
      const known = (Reflect.getMetadata(INTERCEPTORS, metatype) ?? []) as object[];
      if (!known.some((each) => OURS in each)) UseInterceptors(interceptor)(metatype);
    }
  }
}
