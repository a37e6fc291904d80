import { type Duration, durationMs } from './lifetime.js';
import type { OwnLifetime } from './metadata.js';
import type { LifetimeOptions } from './session.js';

/** What `session.lifetime` was told, in plain units. @throws TypeError which names what is wrong */
export function ownLifetime({
  idle,
  absolute,
  persistent,
  ...unknown
}: LifetimeOptions): OwnLifetime {
  for (const name of Object.keys(unknown)) {
    throw new TypeError(
      `session.lifetime: ${name} is no option: write idle, absolute, persistent.`,
    );
  }
  if (persistent !== undefined && typeof persistent !== 'boolean') {
    throw new TypeError('session.lifetime: persistent must be true or false.');
  }
  return {
    ...(idle !== undefined && { idleMs: positiveMs('idle', idle) }),
    ...(absolute !== undefined && {
      absoluteMs: absolute === false ? Infinity : positiveMs('absolute', absolute),
    }),
    ...(persistent !== undefined && { isPersistent: persistent }),
  };
}

function positiveMs(name: string, value: Duration): number {
  const millis = durationMs(value);
  if (millis !== undefined && millis > 0) return millis;
  throw new TypeError(
    `session.lifetime: ${name} is ${JSON.stringify(value)}: write text with a unit, such as '30d', or a positive number of seconds.`,
  );
}
