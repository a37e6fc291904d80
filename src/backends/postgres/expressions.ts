/** Parts of statements: SQL in, SQL out. */

/** The server's clock at this very moment, milliseconds since 1970. */
export const NOW = 'floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

/** The latest time that is stored, so that no life is too long for the column. */
const LATEST_MS = '9007199254740991';

/** A time as it is stored. */
export function storedTime(ms: string): string {
  return `least(${ms}, ${LATEST_MS})::bigint`;
}

/**
 * The number that a text of JSON is, rounded as JavaScript does; NULL where it is none, or not finite. No text makes it fail:
 * PostgreSQL refuses to round to 0 or to infinity.
 */
export function jsonNumber(text: string): string {
  return `CASE WHEN length(${text}) <= 400 AND ${text} ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]{1,3})?$' THEN
    CASE WHEN abs(${text}::numeric) > 1.7976931348623158e308 THEN NULL
      WHEN abs(${text}::numeric) < 2.5e-324 THEN 0
      ELSE ${text}::float8 END
  END`;
}

/** A length of life: as above, or `Infinity`. Any other text is none, and what has it is over. */
function length(text: string): string {
  return `coalesce(CASE WHEN ${text} = 'Infinity' THEN 'Infinity'::float8 ELSE ${jsonNumber(text)} END, '-Infinity')`;
}

/** When a session ends that is not used again. */
export function endOf(
  created: string,
  seen: string,
  meta: string,
  standard: { readonly idle: string; readonly absolute: string },
): string {
  const own = (name: string, otherwise: string) =>
    `CASE WHEN ${meta} ? '${name}' THEN ${length(`(${meta} ->> '${name}')`)} ELSE ${otherwise}::float8 END`;
  return `least(${seen} + ${own('$idle', standard.idle)}, ${created} + ${own('$absolute', standard.absolute)})`;
}

/** The sum of two numbers as JavaScript gives it; NULL where it would not be finite, which PostgreSQL takes for an error. */
export function sum(a: string, b: string): string {
  return `CASE WHEN abs(${a}) < 1e200 OR abs(${b}) < 1e200 THEN ${a} + ${b}
    WHEN abs(${a} / 2 + ${b} / 2) <= '8.98846567431157854e307'::float8 THEN ${a} + ${b} END`;
}

/** The text of a number. Whole numbers are written in digits, whatever the connection's `extra_float_digits` are. */
export function numberText(number: string): string {
  return `CASE WHEN ${number} = trunc(${number}) AND abs(${number}) <= 9007199254740991
    THEN ${number}::bigint::text ELSE ${number}::text END`;
}

/** News as `readNews` takes them; NULL where they are too long for NOTIFY, which would fail the statement. */
export function notify(channel: string, ...parts: string[]): string {
  const payload = parts.join(' || chr(31) || ');
  return `CASE WHEN octet_length(${payload}) < 8000 THEN pg_notify(${channel}, ${payload}) END`;
}
