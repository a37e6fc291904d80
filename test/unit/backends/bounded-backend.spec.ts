import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Logger } from '@nestjs/common';
import { MemoryBackend, SessionBackendError, type SessionRecord } from 'nestjs-server-session';
import { BoundedBackend } from '../../../src/backends/bounded-backend.js';

const TIMEOUT_MS = 2000;
/** Longest pause between two questions to a backend that answers none. */
const MAX_PAUSE_MS = 5000;

/** Answers after a while, or never. */
class SlowBackend extends MemoryBackend {
  delayMs = 0;
  isStalled = false;
  /** Whether what was asked during a stall is answered after it. */
  losesAnswers = false;
  lastError: unknown;
  asked = 0;
  #waiting: (() => void)[] = [];

  override async get(id: string): Promise<SessionRecord | null> {
    this.asked++;
    if (this.isStalled) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    return super.get(id);
  }

  resume(): void {
    this.isStalled = false;
    if (!this.losesAnswers) for (const go of this.#waiting.splice(0)) go();
  }
}

describe('BoundedBackend', () => {
  let inner: SlowBackend;
  let bounded: BoundedBackend;
  let lines: string[];
  beforeEach(() => {
    vi.useFakeTimers();
    lines = [];
    for (const level of ['error', 'log'] as const) {
      vi.spyOn(Logger.prototype, level).mockImplementation((line) => void lines.push(String(line)));
    }
    inner = new SlowBackend();
    bounded = new BoundedBackend(inner, TIMEOUT_MS);
  });
  afterEach(() => {
    bounded.close();
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  const pass = (millis: number) => vi.advanceTimersByTimeAsync(millis);
  const ask = () => bounded.get('id').then(() => 'answer', describeRefusal);
  const describeRefusal = (error: Error) =>
    error instanceof SessionBackendError && /was not tried/.test(error.message)
      ? 'refused'
      : 'time out';

  /** Asks until it is silent, and goes on for a while. */
  async function stall(millis: number): Promise<void> {
    inner.isStalled = true;
    const first = ask();
    await pass(2 * TIMEOUT_MS);
    expect(await first).toBe('time out');
    expect(await ask()).toBe('refused');
    await pass(millis);
    expect(await ask()).toBe('refused');
  }

  /** How long it takes until requests are let through again. */
  async function msUntilBack(limitMs: number): Promise<number> {
    for (let millis = 0; millis <= limitMs; millis += 50) {
      const asked = ask();
      if ((await Promise.race([asked, Promise.resolve('waits').then(tick)])) !== 'refused') {
        await pass(TIMEOUT_MS);
        expect(await asked).toBe('answer');
        return millis;
      }
      await pass(50);
    }
    throw new Error(`not back in ${limitMs} ms`);
  }
  const tick = async (value: string) => {
    for (let i = 0; i < 10; i++) await Promise.resolve();
    return value;
  };

  const LATENCIES = [0, 0.1, 0.25, 0.35, 0.5, 0.75, 0.95].map((part) => part * TIMEOUT_MS);

  it.each(LATENCIES)(
    'that answers in %s ms after a stall is asked again within that time twice',
    async (latencyMs) => {
      for (const stallMs of [0, 1000, 60_000]) {
        await stall(stallMs);
        inner.delayMs = latencyMs;
        inner.resume();
        expect(await msUntilBack(TIMEOUT_MS + 2 * latencyMs)).toBeLessThanOrEqual(
          2 * latencyMs + 50,
        );
        await pass(TIMEOUT_MS);
      }
    },
  );

  it.each(LATENCIES)(
    'that answers in %s ms and has lost all questions is found in time',
    async (latencyMs) => {
      inner.losesAnswers = true;
      await stall(60_000);
      inner.delayMs = latencyMs;
      inner.resume();
      await msUntilBack(TIMEOUT_MS + MAX_PAUSE_MS + latencyMs + 50);
      // The next silence begins with short pauses again.
      await stall(0);
      inner.resume();
      await msUntilBack(TIMEOUT_MS + 500 + latencyMs + 50);
    },
  );

  it('that never answers is asked ever less: no questions pile up', async () => {
    inner.losesAnswers = true;
    await stall(60_000);
    const before = inner.asked;
    await pass(60_000);
    const perRound = 8;
    const rounds = (inner.asked - before) / perRound;
    expect(rounds).toBeLessThanOrEqual(Math.ceil(60_000 / (TIMEOUT_MS + MAX_PAUSE_MS)) + 1);
    expect(rounds).toBeGreaterThanOrEqual(8);
    expect(vi.getTimerCount()).toBeLessThanOrEqual(perRound);
  });

  it('that answers always too late is asked once for each answer, and stays refused', async () => {
    await stall(0);
    inner.delayMs = 1.5 * TIMEOUT_MS;
    inner.resume();
    const before = inner.asked;
    await pass(60_000);
    expect(await ask()).toBe('refused');
    expect((inner.asked - before) / 8).toBeLessThanOrEqual(60_000 / inner.delayMs + 1);
    expect(lines).toHaveLength(1);
  });

  it('of which a part is silent is not refused for it', async () => {
    const get = inner.get.bind(inner);
    vi.spyOn(inner, 'get').mockImplementation((id) =>
      id === 'id' ? new Promise(() => {}) : get(id),
    );
    for (let times = 0; times < 5; times++) {
      const silent = ask();
      await expect(bounded.get('other')).resolves.toBeNull();
      await pass(TIMEOUT_MS + 1);
      expect(await silent).toBe('time out');
    }
    // Nor is it asked whether it answers.
    expect(inner.asked).toBe(5);
    expect(lines).toEqual([`The session backend did not answer get within ${TIMEOUT_MS} ms`]);
    // Where nobody asked for the other part, questions find it.
    const silent = ask();
    await pass(2 * TIMEOUT_MS);
    expect(await silent).toBe('time out');
    expect(inner.asked).toBeGreaterThan(5);
    await expect(bounded.get('other')).resolves.toBeNull();
  });

  it.each([0, 300])('that was closed asks no more (%s ms into its silence)', async (millis) => {
    await stall(millis);
    bounded.close();
    await pass(TIMEOUT_MS);
    const { asked } = inner;
    await pass(60_000);
    expect(inner.asked).toBe(asked);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('names the last error of a connection, with each kind of failure and in the log', async () => {
    inner.lastError = new Error('connect ECONNREFUSED redis://u:hunter2@10.0.0.1:6379');
    const reason = '(last error: connect ECONNREFUSED redis://***@10.0.0.1:6379)';
    await stall(0);
    const timedOut = `The session backend did not answer get within ${TIMEOUT_MS} ms ${reason}`;
    expect(lines).toEqual([timedOut]);
    const refused = `The session backend does not answer: get was not tried ${reason}`;
    await expect(bounded.get('id')).rejects.toMatchObject({
      message: refused,
      cause: inner.lastError,
    });
    inner.resume();
    await pass(TIMEOUT_MS + MAX_PAUSE_MS);
    const cause = new Error('Connection is closed.');
    vi.spyOn(inner, 'get').mockRejectedValue(cause);
    const failed = `The session backend failed to get: Connection is closed. ${reason}`;
    await expect(bounded.get('id')).rejects.toMatchObject({ message: failed, cause });
    expect(lines.join('\n')).not.toContain('hunter2');
  });

  it('leaves no failure of a clock unheard while the backend is silent', async () => {
    const unheard: unknown[] = [];
    const listener = (error: unknown) => void unheard.push(error);
    process.on('unhandledRejection', listener);
    const clock = { syncClock: () => Promise.reject(new Error('no clock')) };
    bounded = new BoundedBackend(Object.assign(inner, clock), TIMEOUT_MS);
    inner.isStalled = true;
    const first = ask();
    await pass(2 * TIMEOUT_MS);
    expect([await first, await ask()]).toEqual(['time out', 'refused']);
    await expect(bounded.syncClock()).rejects.toThrow('was not tried');
    vi.useRealTimers();
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', listener);
    expect(unheard).toEqual([]);
  });
});
