import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { MemoryBackend } from 'nestjs-server-session';

describe('MemoryBackend', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 0 }));
  afterEach(() => void jest.useRealTimers());

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
    expect(jest.getTimerCount()).toBe(0);
    jest.setSystemTime(11_000);
    for (let i = 0; i < 150; i++) await backend.create(`new${i}`, { v: '1' }, 10);
    expect(backend.size).toBe(150);
  });

  it('lets expired sessions leave from behind one that lives long', async () => {
    const backend = new MemoryBackend();
    await backend.create('remembered', { v: '1' }, 1000);
    for (let i = 0; i < 100; i++) await backend.create(`old${i}`, { v: '1' }, 10);
    jest.setSystemTime(11_000);
    for (let i = 0; i < 150; i++) await backend.create(`new${i}`, { v: '1' }, 10);
    expect(backend.size).toBe(151);
  });

  it('warns in production, once', () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
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

  it('refuses a bound that is none', () => {
    expect(() => new MemoryBackend({ maxSessions: 0 })).toThrow(/Write a whole number/);
  });
});
