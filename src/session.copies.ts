import type { Abstract, Provider, Type } from '@nestjs/common';

type Token = Type | Abstract<unknown>;
/** What can be injected, by name. */
export type Injectables = Readonly<Record<string, Token>>;

const COPIES = Symbol.for('nestjs-server-session:copies');
const shared = globalThis as { [COPIES]?: Injectables[] };

/**
 * Providers by which code that imports another copy of this library gets what the module provides under its own classes.
 * A process may have loaded two copies, the one for `import` and the one for `require`, and Nest goes by the class.
 */
export function aliasesOf(own: Injectables): Provider[] {
  return (shared[COPIES] ?? [])
    .filter((copy) => copy !== own)
    .flatMap((copy) =>
      Object.entries(own).map(([name, useExisting]) => ({ provide: copy[name], useExisting })),
    )
    .filter(
      (alias): alias is { provide: Token; useExisting: Token } => alias.provide !== undefined,
    );
}

/** Tells the process of a copy when it is loaded. */
export function noteCopy(own: Injectables): void {
  (shared[COPIES] ??= []).push(own);
}
