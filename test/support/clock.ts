import { jest } from '@jest/globals';

/** Sets the clock and nothing else: real connections need real timers. End with `jest.useRealTimers()`. */
export function fakeClock(): { advance(ms: number): void } {
  jest.useFakeTimers({
    now: Date.now(),
    doNotFake: [
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
      'setInterval',
      'clearInterval',
      'setTimeout',
      'clearTimeout',
    ],
  });
  return {
    advance: (ms) => {
      jest.setSystemTime(Date.now() + ms);
    },
  };
}
