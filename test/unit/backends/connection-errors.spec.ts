import { EventEmitter } from 'node:events';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import { ConnectionErrors } from '../../../src/backends/redis/connection-errors.js';

const PASSWORD = 'hunter2-of-nobody';

/** What of an ioredis client is looked at. */
function client(options: object = { host: 'redis.local', port: 6379, password: PASSWORD }) {
  return Object.assign(new EventEmitter(), { isCluster: false, options }) as unknown as Redis;
}

describe('the last error of a connection', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('is told with its host, and not with the command that ioredis attaches', () => {
    const redis = client();
    const errors = ConnectionErrors.of(redis);
    expect(errors.last).toBeUndefined();
    const command = { name: 'auth', args: [PASSWORD] };
    redis.emit('error', Object.assign(new Error('WRONGPASS invalid password'), { command }));
    expect(errors.last!.message).toBe('redis.local:6379: WRONGPASS invalid password');
    expect(inspect(errors.last, { depth: null, showHidden: true })).not.toContain(PASSWORD);
  });

  it.each<[object, string]>([
    [{ path: '/run/redis.sock' }, '/run/redis.sock: no'],
    [{ sentinels: [{ host: 's1' }], name: 'main' }, 'the master main of Sentinels: no'],
  ])('names the place of %j', (options, message) => {
    const redis = client(options);
    const errors = ConnectionErrors.of(redis);
    redis.emit('error', new Error('no'));
    expect(errors.last!.message).toBe(message);
  });

  it('is that it was closed, until there is a better reason, and nothing once it is mended', () => {
    const redis = client();
    const errors = ConnectionErrors.of(redis);
    redis.emit('close');
    expect(errors.last!.message).toBe('the connection to redis.local:6379 closed');
    redis.emit('error', new Error('connect ECONNREFUSED 10.0.0.1:6379'));
    redis.emit('close');
    expect(errors.last!.message).toMatch(/ECONNREFUSED/);
    redis.emit('ready');
    expect(errors.last).toBeUndefined();
  });

  it('of one node of a Cluster is told for a while', () => {
    const cluster = Object.assign(client(), { isCluster: true });
    const errors = ConnectionErrors.of(cluster);
    cluster.emit('node error', new Error('Connection is closed.'), '10.0.0.2:7000');
    jest.advanceTimersByTime(9000);
    expect(errors.last!.message).toBe('10.0.0.2:7000: Connection is closed.');
    jest.advanceTimersByTime(2000);
    expect(errors.last).toBeUndefined();
  });

  it('is listened for once, however many backends use a client', () => {
    const redis = client();
    expect(ConnectionErrors.of(redis)).toBe(ConnectionErrors.of(redis));
    expect(redis.listenerCount('error')).toBe(1);
  });
});
