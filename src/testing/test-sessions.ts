import { MemoryBackend } from '../backends/memory-backend.js';
import { type Duration, readDuration } from '../session/lifetime.js';

/** Sessions in memory, with a clock that a test can move. See {@link testSessions}. */
export class TestSessions extends MemoryBackend {
  #aheadMs = 0;

  /** The clock that ends sessions, milliseconds since 1970: this machine's, and what it was moved by. */
  override now(): number {
    return Date.now() + this.#aheadMs;
  }

  /**
   * Moves the clock forward: what ends meanwhile has ended, and whoever watches a session (a socket, a signal) is told so in the
   * next turns of the event loop. Timers of the application are not moved.
   * @param duration text with a unit, such as `'31m'`, or a number of seconds
   * @throws TypeError where it is none
   */
  advance(duration: Duration): void {
    const millis = readDuration(duration, { example: '31m' });
    if (typeof millis === 'string') throw new TypeError(`advance(duration): ${millis}.`);
    this.#aheadMs += millis;
    this.ends.missed();
  }
}

/**
 * Sessions for a test of a whole application: in memory, whatever backend its options name, which is not connected to then.
 *
 * ```ts
 * const sessions = testSessions();
 * const module = await Test.createTestingModule({ imports: [AppModule] })
 *   .overrideProvider(SESSION_BACKEND)
 *   .useValue(sessions)
 *   .compile();
 * // …
 * sessions.advance('31m'); // beyond the idle timeout
 * ```
 */
export function testSessions(): TestSessions {
  return new TestSessions();
}
