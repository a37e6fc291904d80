import { showValue } from '../errors/show-value.js';
import { type Duration, readDuration } from './lifetime.js';
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
    ...(idle !== undefined && { idleMs: durationMs('idle', idle) }),
    ...(absolute !== undefined && {
      absoluteMs: absolute === false ? Infinity : durationMs('absolute', absolute),
    }),
    ...(persistent !== undefined && { isPersistent: persistent }),
  };
}

function durationMs(name: string, value: Duration): number {
  // No request has to fail because somebody is to be remembered for ever.
  const millis = readDuration(value, { example: '30d', isCapped: true });
  if (typeof millis === 'number') return millis;
  const orElse = name === 'absolute' ? ', or false for never' : '';
  throw new TypeError(`session.lifetime: ${name} is ${showValue(value)}: ${millis}${orElse}.`);
}
