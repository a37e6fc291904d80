/** As long as the longest that an OpenID provider may give (OpenID Connect Core, 2, `sub`), and any address of mail. */
const MAX_LENGTH = 255;

/**
 * Checks what stands for a principal. It is taken as it is: two texts that only look the same are two principals.
 * @throws TypeError which says what to write, without the value
 */
export function checkPrincipal(call: string, principal: unknown): asserts principal is string {
  const wrong = whatIsWrong(principal);
  if (wrong === undefined) return;
  throw new TypeError(
    `${call}: the principal ${wrong}. Write the user's id as text, such as String(user.id). Nothing was changed.`,
  );
}

function whatIsWrong(principal: unknown): string | undefined {
  if (principal === undefined || principal === null) return 'is missing';
  if (typeof principal !== 'string') return `is no text but a ${typeof principal}`;
  if (principal.trim() === '') return 'is empty';
  if (principal.length > MAX_LENGTH) {
    return `has ${principal.length} characters, where ${MAX_LENGTH} are the most`;
  }
  return principal.isWellFormed() ? undefined : 'holds half of a surrogate pair';
}
