type ErrorType = abstract new (...args: never[]) => Error;

/**
 * Makes `instanceof` hold for errors that another copy of this library made. A process may have loaded two: the one for
 * `import` and the one for `require`. Subclasses are told apart as ever.
 * @param name of the type, which a bundler may shorten
 */
export function acrossCopies(type: ErrorType, name: string): void {
  const brand = Symbol.for(`nestjs-server-session:${name}`);
  Object.defineProperty(type.prototype, brand, { value: true });
  Object.defineProperty(type, Symbol.hasInstance, {
    value(this: unknown, error: unknown): boolean {
      if (this !== type) return Function.prototype[Symbol.hasInstance].call(this as never, error);
      return typeof error === 'object' && error !== null && brand in error;
    },
  });
}
