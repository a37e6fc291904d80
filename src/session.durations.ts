import ms from 'ms';
import { showValue } from './errors/show-value.js';
import type { OptionsChecker } from './session.options-checker.js';
import type { SessionOptions } from './session.options.js';

/** A timer can't be longer: 2^31 - 1 ms. */
const MAX_TIMER = '24d';
const MINUTE_MS = 60_000;

/** Of these many are used to milliseconds, as other libraries take them. */
const LONG = ['idleTimeout', 'absoluteTimeout', 'touchInterval', 'renewInterval'] as const;
/** More than sixteen hours in seconds, or a minute in milliseconds. */
const DOUBTFUL = 60_000;
/** More than eight minutes in seconds, or half a second in milliseconds. */
const DOUBTFUL_TIMEOUT = 500;

/** The options that are lengths of time, in milliseconds. */
export function times(check: OptionsChecker, options: SessionOptions) {
  questionMilliseconds(check, options);
  const idleMs = check.duration('idleTimeout', options.idleTimeout ?? '14d');
  const resolved = {
    idleMs,
    absoluteMs: check.optionalDuration('absoluteTimeout', options.absoluteTimeout ?? '30d'),
    touchIntervalMs:
      options.touchInterval === undefined
        ? Math.min(idleMs / 20, MINUTE_MS)
        : check.duration('touchInterval', options.touchInterval, { least: '0s' }),
    renewIntervalMs: check.optionalDuration('renewInterval', options.renewInterval ?? false),
    renewGraceMs: check.duration('renewGrace', options.renewGrace ?? '30s', { least: '1s' }),
    backendTimeoutMs: check.duration('backendTimeout', options.backendTimeout ?? '2s', {
      most: MAX_TIMER,
      example: '2s',
    }),
  };
  const { touchIntervalMs, renewIntervalMs, renewGraceMs } = resolved;
  if (touchIntervalMs >= idleMs) {
    check.problem(
      `touchInterval (${touchIntervalMs} ms) must be shorter than idleTimeout (${idleMs} ms), or sessions end while they are used`,
    );
  }
  const isBoth = options.idleTimeout !== undefined && options.absoluteTimeout !== undefined;
  if (isBoth && idleMs > resolved.absoluteMs) {
    check.problem(
      `idleTimeout is ${showValue(options.idleTimeout)} (${ms(idleMs, { long: true })}), longer than absoluteTimeout, which ends every session after ${ms(resolved.absoluteMs, { long: true })}: write a shorter idleTimeout, or leave it out. A number is one of seconds`,
    );
  }
  if (renewIntervalMs <= renewGraceMs) {
    check.problem(
      `renewInterval (${renewIntervalMs} ms) must be longer than renewGrace (${renewGraceMs} ms)`,
    );
  }
  return resolved;
}

/** A number of seconds that reads like one of milliseconds. */
function questionMilliseconds(check: OptionsChecker, options: SessionOptions): void {
  for (const name of [...LONG, 'backendTimeout'] as const) {
    const value = options[name];
    if (typeof value !== 'number') continue;
    const isDoubtful =
      name === 'backendTimeout'
        ? value >= DOUBTFUL_TIMEOUT
        : value >= DOUBTFUL && value % 1000 === 0;
    if (!isDoubtful || !Number.isFinite(value)) continue;
    check.question(
      `${name}: ${value} is a number of seconds, about ${ms(value * 1000, { long: true })}. If these were to be milliseconds, write '${ms(value)}'; if not, write '${value}s', which nobody takes for them.`,
    );
  }
}
