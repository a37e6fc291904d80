import ms from 'ms';

/** A length of time: text with a unit, such as `'30m'` or `'14d'`, or a number of seconds. */
export type Duration = string | number;

/** How long a session lives. Both are enforced on the server; the earlier one ends the session. */
export interface Lifetime {
  /** How long it lives unused. */
  readonly idleMs: number;
  /** How long it lives at the most, used or not; `Infinity` for no bound. */
  readonly absoluteMs: number;
}

const TEXT = /^-?[\d.]+ *[a-z]+$/i;

/** A duration in milliseconds, `undefined` where it is none. */
export function durationMs(value: unknown): number | undefined {
  const isText = typeof value === 'string' && TEXT.test(value.trim());
  const millis = isText ? ms(value as ms.StringValue) : Number(value) * 1000;
  const isDuration = isText || typeof value === 'number';
  return isDuration && Number.isFinite(millis) ? millis : undefined;
}
