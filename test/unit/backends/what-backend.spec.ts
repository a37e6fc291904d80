import { Redis } from 'ioredis';
import connectPgSimple from 'connect-pg-simple';
import expressSession from 'express-session';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { describe, expect, it } from 'vitest';
import { MemoryBackend } from 'nestjs-server-session';
import { isAtomic } from '../../../src/backends/session-backend.js';

const redis = new Redis({ lazyConnect: true });

describe('what is given for a backend', () => {
  it.each<[string, unknown, string]>([
    ['a URL', 'redis://127.0.0.1', 'is a string. For Redis write RedisBackend.fromUrl(url)'],
    ['a class', MemoryBackend, 'Write an instance, such as new MemoryBackend()'],
    ['a factory', () => new MemoryBackend(), 'is a class or a function'],
    ['a promise', Promise.resolve(new MemoryBackend()), 'Await it in useFactory'],
    ['a client of ioredis', redis, 'Write new RedisBackend({ client })'],
    ['a client of node-redis', createClient(), 'Write new RedisBackend({ client })'],
    ['a pool of pg', new Pool(), 'write new PostgresBackend({ pool })'],
    [
      'a store of express-session',
      new expressSession.MemoryStore(),
      'write new StoreBackend(store)',
    ],
    [
      'a store of connect-pg-simple',
      new (connectPgSimple(expressSession))({ pool: new Pool(), pruneSessionInterval: false }),
      'write new StoreBackend(store)',
    ],
    ['nothing that is known', { get: () => {} }, 'has no method set, delete'],
    ['null', null, 'has no method get, set, delete'],
  ])('is told what to write instead: %s', (_, backend, hint) => {
    expect(() => isAtomic(backend as MemoryBackend)).toThrow(TypeError);
    expect(() => isAtomic(backend as MemoryBackend)).toThrow(hint);
  });

  it('is taken where it is one', () => {
    expect(isAtomic(new MemoryBackend())).toBe(true);
    expect(isAtomic(new Map() as unknown as MemoryBackend)).toBe(false);
  });
});
