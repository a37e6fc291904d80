import { describe, expect, it } from 'vitest';
import { RedisBackend } from 'nestjs-server-session';
import { readRedisUrl } from '../../../src/backends/redis/redis-url.js';

describe('the URL of a Redis', () => {
  it.each([
    ['redis://127.0.0.1', '127.0.0.1', 6379],
    ['redis://localhost:6380/', 'localhost', 6380],
    ['REDIS://localhost:6380/15', 'localhost', 6380],
    ['rediss://user:p%23w%2F@redis.example.com:6390/2?family=6', 'redis.example.com', 6390],
    ['redis://:word@[::1]:6379', '[::1]', 6379],
  ])('%s is one', (url, host, port) => {
    expect(readRedisUrl(url)).toEqual({ host, port });
  });

  it.each([
    ['a path in its place', '/tmp/redis.sock', /begins with redis:\/\/ or rediss:\/\//],
    ['another protocol', 'http://:hunter2@127.0.0.1', /begins with redis:\/\/ or rediss:\/\//],
    ['nothing at all', undefined, /the URL is missing, as where an environment variable/],
    ['an empty text', '', /the URL is missing/],
    ['no host', 'redis://', /has no host/],
    ['a password and no host', 'redis://:hunter2@', /no host/],
    ['a port that is none', 'redis://:hunter2@127.0.0.1:port', /can’t be read/],
    ['a port too high', 'redis://:hunter2@127.0.0.1:70000', /can’t be read/],
    ['a database that is no number', 'redis://:hunter2@127.0.0.1/sessions', /number of a database/],
    ['a negative database', 'redis://:hunter2@127.0.0.1/-1', /number of a database/],
    ['a path below the database', 'redis://:hunter2@127.0.0.1/1/2', /number of a database/],
    ['a / in the password', 'redis://:hunter2/@127.0.0.1', /can’t be read|database/],
    ['a # in the password', 'redis://hunter2#@127.0.0.1', /holds a #/],
    ['a % in the password', 'redis://:hunter2%zz@127.0.0.1', /percent-encoded/],
  ])('%s is refused, with what to write and without the password', (_what, url, problem) => {
    const opening = () => RedisBackend.fromUrl(url as string);
    expect(opening).toThrow(TypeError);
    expect(opening).toThrow(problem);
    expect(opening).toThrow(/^RedisBackend\.fromUrl: .*Write it as 'redis:\/\/user:password@/s);
    expect(opening).not.toThrow(/hunter2/);
  });
});
