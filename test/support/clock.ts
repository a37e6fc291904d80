import { vi } from 'vitest';

/** Sets the clock and nothing else: real connections need real timers. End with `vi.useRealTimers()`. */
export function fakeClock(): { advance(ms: number): void } {
  vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
  return {
    advance: (ms) => {
      vi.setSystemTime(Date.now() + ms);
    },
  };
}
