import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ServerClock } from '../../../src/backends/server-clock.js';

describe('the clock of a server', () => {
  /** What this process' monotonic clock says, by how much the server's is ahead of it, and how long an answer takes. */
  let monotonicMs = 0;
  let aheadMs = 1_000_000;
  let answerMs = 0;
  let clock: ServerClock;
  const errorMs = () => clock.now() - (monotonicMs + aheadMs);

  beforeEach(() => {
    [monotonicMs, aheadMs, answerMs] = [500, 1_000_000, 0];
    vi.spyOn(performance, 'now').mockImplementation(() => monotonicMs);
    clock = new ServerClock(async () => {
      const serverMs = monotonicMs + aheadMs;
      monotonicMs += answerMs;
      return serverMs;
    });
  });
  afterEach(() => void vi.restoreAllMocks());

  async function lookAgain(takesMs: number): Promise<void> {
    monotonicMs += 31_000;
    answerMs = takesMs;
    await clock.sync();
    // One that is known is looked at again with nobody waiting for it.
    await new Promise((resolve) => setImmediate(resolve));
  }

  it('is behind by what the look took', async () => {
    answerMs = 40;
    await clock.sync();
    expect(errorMs()).toBe(-40);
  });

  it('is as right as its quickest look, whatever holds up a later answer', async () => {
    await clock.sync();
    expect(errorMs()).toBe(0);
    await lookAgain(1300);
    expect(errorMs()).toBeGreaterThan(-10);
    expect(errorMs()).toBeLessThanOrEqual(0);
  });

  it('becomes more right with a quicker look', async () => {
    answerMs = 700;
    await clock.sync();
    await lookAgain(1);
    expect(errorMs()).toBe(-1);
  });

  it('follows a server whose clock is set, forth or back', async () => {
    await clock.sync();
    for (const stepMs of [5000, -9000]) {
      aheadMs += stepMs;
      await lookAgain(2);
      expect(errorMs()).toBe(-2);
    }
  });

  it('is asked with somebody waiting only where nothing is known', async () => {
    expect(clock.sync()).toBeInstanceOf(Promise);
    await clock.sync();
    expect(clock.sync()).toBeUndefined();
    monotonicMs += 31_000;
    expect(clock.sync()).toBeUndefined();
    clock.doubt();
    expect(clock.sync()).toBeInstanceOf(Promise);
  });
});
