/** Separators between the parts of a text, which no escaped text holds. */
export const RECORD = '\x1e';
export const UNIT = '\x1f';
/** Stands before what would otherwise read as a separator, or as itself, before NUL, and before half of a surrogate pair. */
export const ESCAPE = '\x1d';
const NUL = '\0';

const SPECIALS =
  // eslint-disable-next-line no-control-regex
  /[\0\x1d-\x1f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
// eslint-disable-next-line no-control-regex
const ESCAPED = /\x1d(u[0-9a-f]{4}|[ =>?])/g;
const ESCAPE_SHIFT = 0x20;

/**
 * Text as servers keep it, which is UTF-8: half of a surrogate pair would become another character, and PostgreSQL takes no
 * NUL.
 */
export function escaped(text: string): string {
  // Each is looked for by itself: that is many times faster in long text than a pattern of all.
  if (
    !text.includes(RECORD) &&
    !text.includes(UNIT) &&
    !text.includes(ESCAPE) &&
    !text.includes(NUL) &&
    text.isWellFormed()
  ) {
    return text;
  }
  return text.replace(SPECIALS, (special) => {
    const code = special.charCodeAt(0);
    return code < 0x20
      ? ESCAPE + String.fromCharCode(code + ESCAPE_SHIFT)
      : `${ESCAPE}u${code.toString(16)}`;
  });
}

/** Text as it was before `escaped`. */
export function unescaped(text: string): string {
  return text.replace(ESCAPED, (_, code: string) =>
    code.startsWith('u')
      ? String.fromCharCode(Number.parseInt(code.slice(1), 16))
      : String.fromCharCode(code.charCodeAt(0) - ESCAPE_SHIFT),
  );
}
