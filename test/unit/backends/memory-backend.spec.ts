import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Logger } from '@nestjs/common';
import { MemoryBackend } from 'nestjs-server-session';

describe('MemoryBackend', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 0 }));
  afterEach(() => void vi.useRealTimers());

  it('is bounded: the least recently used session leaves', async () => {
    const backend = new MemoryBackend({ maxSessions: 2 });
    await backend.create('a', { v: '1' }, 60);
    await backend.create('b', { v: '1' }, 60);
    await backend.get('a');
    await backend.create('c', { v: '1' }, 60);
    expect(backend.size).toBe(2);
    expect(await backend.get('b')).toBeNull();
    expect(await backend.get('a')).toEqual({ v: '1' });
  });

  it('lets expired sessions leave with no timer', async () => {
    const backend = new MemoryBackend();
    for (let i = 0; i < 100; i++) await backend.create(`old${i}`, { v: '1' }, 10);
    expect(vi.getTimerCount()).toBe(0);
    vi.setSystemTime(11_000);
    for (let i = 0; i < 150; i++) await backend.create(`new${i}`, { v: '1' }, 10);
    expect(backend.size).toBe(150);
  });

  it('lets expired sessions leave from behind one that lives long', async () => {
    const backend = new MemoryBackend();
    await backend.create('remembered', { v: '1' }, 1000);
    for (let i = 0; i < 100; i++) await backend.create(`old${i}`, { v: '1' }, 10);
    vi.setSystemTime(11_000);
    for (let i = 0; i < 150; i++) await backend.create(`new${i}`, { v: '1' }, 10);
    expect(backend.size).toBe(151);
  });

  it('warns in production, once', () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
    const before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    try {
      expect(new MemoryBackend().size + new MemoryBackend().size).toBe(0);
    } finally {
      process.env['NODE_ENV'] = before;
    }
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]![0]).toMatch(/a restart loses them/);
    warn.mockRestore();
  });

  it.each([0, -1, 1.5, Number.NaN, Infinity, '5', 5n, 2 ** 53])(
    'refuses %s as a bound',
    (maxSessions) => {
      expect(() => new MemoryBackend({ maxSessions: maxSessions as number })).toThrow(
        /^MemoryBackend: maxSessions is .*\. Write a whole number of sessions/,
      );
    },
  );

  it.each([2 ** 23 + 1, 1e10, 2 ** 53 - 1])(
    'works with %s, and says how many it keeps',
    async (max) => {
      const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
      const backend = new MemoryBackend({ maxSessions: max });
      await backend.create('a', { v: '1' }, 60);
      expect(await backend.get('a')).toEqual({ v: '1' });
      expect(warn.mock.calls).toEqual([
        [expect.stringContaining(`maxSessions is ${max}, of which 8388608 are kept`)],
      ]);
      warn.mockRestore();
    },
  );

  it('sets aside no room for sessions that are not there', async () => {
    const before = process.memoryUsage();
    const backend = new MemoryBackend({ maxSessions: 2 ** 23 });
    await backend.create('a', { v: '1' }, 60);
    const after = process.memoryUsage();
    const bytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    expect(bytes).toBeLessThan(50_000_000);
  });
});
