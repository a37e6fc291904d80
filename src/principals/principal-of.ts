import { checkPrincipal } from './principal-name.js';

/** How a session's data say whose it is. */
export interface PrincipalOf {
  /** The field that says it, such as passport's `'passport'`. */
  readonly field: string;
  /** Gives the principal of the field's value, which is `undefined` where there is none; `undefined` for nobody. */
  readonly principal: (value: unknown) => string | null | undefined;
}

/** @throws TypeError where it is none, which says what to write, without the value */
export function derivePrincipal(of: PrincipalOf, value: unknown): string | undefined {
  const principal = of.principal(value) ?? undefined;
  if (principal !== undefined) checkPrincipal('principals.of', principal);
  return principal;
}
