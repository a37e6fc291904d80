import ms from 'ms';

/** A length of time: text with a unit, such as `'30m'` or `'14d'`, or a number of seconds. At most `'100y'`. */
export type Duration = string | number;

/** What a duration may be, as text that a user would write. */
export interface DurationBounds {
  readonly least?: string;
  readonly most?: string;
  /** Whether what is longer is taken as the longest, and is no mistake. */
  readonly isCapped?: boolean;
  /** An example of the size that is usual here. */
  readonly example?: string;
}

/**
 * More than anybody's session, and a time that works everywhere: from now on it ends at a valid date, which is at most
 * 8.64e15 ms after 1970, as Redis's signed 64-bit milliseconds do. Browsers keep a cookie for 400 days at the most.
 */
const MOST = '100y';
const TEXT = /^-?[\d.]+ *[a-z]+$/i;

/** A duration in milliseconds; where it is none, or out of bounds, what to write instead. */
export function readDuration(value: unknown, bounds: DurationBounds = {}): number | string {
  const { least = '1ms', most = MOST, isCapped = false, example = '30m' } = bounds;
  const millis = durationMs(value);
  if (millis === undefined || millis < 0 || (millis === 0 && least !== '0s')) {
    return `write text with a unit, such as '${example}', or a positive number of seconds`;
  }
  if (millis < durationMs(least)!) return `write at least '${least}'`;
  const mostMs = durationMs(most)!;
  return millis <= mostMs || isCapped ? Math.min(millis, mostMs) : `write at most '${most}'`;
}

/** `undefined` where it is no length of time. */
function durationMs(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value * 1000 : undefined;
  if (typeof value !== 'string' || !TEXT.test(value.trim())) return undefined;
  const millis: number | undefined = ms(value.trim() as ms.StringValue);
  return Number.isFinite(millis) ? millis : undefined;
}
