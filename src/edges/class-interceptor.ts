import type { NestInterceptor } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

/** On an interceptor: it is one of this package, be it another copy of it. */
const OURS = Symbol.for('nestjs-server-session:class-interceptor');
/** Where `@UseInterceptors()` notes them, of a class or of a method. */
export const INTERCEPTORS = '__interceptors__';

type Intercept = NestInterceptor['intercept'];

/** Makes an interceptor of classes and methods, which is the same for all applications. */
export function classInterceptor(intercept: Intercept): NestInterceptor {
  return Object.assign({ intercept }, { [OURS]: true });
}

/** Puts an interceptor before those that a class or a method has, so that it stands around them; once. */
export function intercept(target: object, interceptor: NestInterceptor): void {
  const known = (Reflect.getMetadata(INTERCEPTORS, target) ?? []) as object[];
  if (known.some((each) => OURS in each)) return;
  Reflect.defineMetadata(INTERCEPTORS, [interceptor, ...known], target);
}

/** The classes of an application's providers that a decorator has marked. */
export function* markedClasses(modules: ModulesContainer, mark: string): Generator<Class> {
  for (const { providers } of modules.values()) {
    for (const { metatype } of providers.values()) {
      if (typeof metatype === 'function' && Reflect.hasMetadata(mark, metatype)) {
        yield metatype;
      }
    }
  }
}

export interface Class {
  readonly prototype: object;
}
