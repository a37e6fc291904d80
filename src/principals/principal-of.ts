import { checkPrincipal } from './principal-name.js';

/** How a session's data say whose it is. */
export interface PrincipalOf {
  /** The field that says it, such as passport's `'passport'`. */
  readonly field: string;
  /**
   * Gives the principal of the field's value, which is `undefined` where there is none; `undefined` for nobody. A whole number, as
   * many databases have ids, stands for its text.
   */
  readonly principal: (value: unknown) => string | number | null | undefined;
}

/** @throws TypeError where it is none, which says what to write, without the value */
export function derivePrincipal(of: PrincipalOf, value: unknown): string | undefined {
  const given = of.principal(value) ?? undefined;
  const principal = Number.isSafeInteger(given) ? String(given) : given;
  if (principal !== undefined) checkPrincipal('principals.of', principal);
  return principal;
}
