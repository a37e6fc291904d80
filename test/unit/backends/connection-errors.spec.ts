import { EventEmitter } from 'node:events';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { driverOf } from '../../../src/backends/redis/driver-of.js';
import type { NodeRedisClient } from '../../../src/backends/redis/node-redis-driver.js';
import type { IoredisClient } from '../../../src/backends/redis/ioredis-driver.js';

const PASSWORD = 'hunter2-of-nobody';

/** What of an ioredis client is looked at. */
function client(options: object = { host: 'redis.local', port: 6379, password: PASSWORD }) {
  const call = async () => 'OK';
  const shape = { isCluster: false, options, call };
  return Object.assign(new EventEmitter(), shape) satisfies IoredisClient;
}

/** What of a client of node-redis is looked at; without options it is a pool, a cluster or a sentinel. */
function nodeRedisClient(parts: object) {
  const sendCommand = async () => 'OK';
  const shape = { isOpen: true, sendCommand, withTypeMapping: () => shape, ...parts };
  return Object.assign(new EventEmitter(), shape) satisfies NodeRedisClient;
}

describe('the last error of a connection', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is told with its host, and not with the command that ioredis attaches', () => {
    const redis = client();
    const driver = driverOf(redis);
    expect(driver.lastError).toBeUndefined();
    const command = { name: 'auth', args: [PASSWORD] };
    redis.emit('error', Object.assign(new Error('WRONGPASS invalid password'), { command }));
    expect(driver.lastError!.message).toBe('redis.local:6379: WRONGPASS invalid password');
    expect(inspect(driver.lastError, { depth: null, showHidden: true })).not.toContain(PASSWORD);
  });

  it.each<[object, string]>([
    [{ path: '/run/redis.sock' }, '/run/redis.sock: no'],
    [{ sentinels: [{ host: 's1' }], name: 'main' }, 'the master main of Sentinels: no'],
  ])('names the place of %j', (options, message) => {
    const redis = client(options);
    const driver = driverOf(redis);
    redis.emit('error', new Error('no'));
    expect(driver.lastError!.message).toBe(message);
  });

  it('is that it was closed, until there is a better reason, and nothing once it is mended', () => {
    const redis = client();
    const driver = driverOf(redis);
    redis.emit('close');
    expect(driver.lastError!.message).toBe('the connection to redis.local:6379 closed');
    redis.emit('error', new Error('connect ECONNREFUSED 10.0.0.1:6379'));
    redis.emit('close');
    expect(driver.lastError!.message).toMatch(/ECONNREFUSED/);
    redis.emit('ready');
    expect(driver.lastError).toBeUndefined();
  });

  it('of one node of a Cluster is told for a while', () => {
    const cluster = Object.assign(client(), { isCluster: true });
    const driver = driverOf(cluster);
    cluster.emit('node error', new Error('Connection is closed.'), '10.0.0.2:7000');
    vi.advanceTimersByTime(9000);
    expect(driver.lastError!.message).toBe('10.0.0.2:7000: Connection is closed.');
    vi.advanceTimersByTime(2000);
    expect(driver.lastError).toBeUndefined();
  });

  it('is listened for once, however many backends use a client', () => {
    const redis = client();
    expect(driverOf(redis)).toBe(driverOf(redis));
    expect(redis.listenerCount('error')).toBe(1);
  });

  it('of node-redis is told with its host, until it is ready', () => {
    const redis = nodeRedisClient({ options: { socket: { host: 'redis.local', port: 6380 } } });
    const driver = driverOf(redis);
    redis.emit('error', new Error('Socket closed unexpectedly'));
    vi.advanceTimersByTime(60_000);
    expect(driver.lastError!.message).toBe('redis.local:6380: Socket closed unexpectedly');
    redis.emit('ready');
    expect(driver.lastError).toBeUndefined();
  });

  it('of one connection of several is told for a while', () => {
    const pool = nodeRedisClient({});
    const driver = driverOf(pool);
    pool.emit('error', new Error('connect ECONNREFUSED 10.0.0.1:6379'));
    expect(driver.lastError!.message).toBe('connect ECONNREFUSED 10.0.0.1:6379');
    vi.advanceTimersByTime(11_000);
    expect(driver.lastError).toBeUndefined();
    const cluster = nodeRedisClient({ masters: [] });
    cluster.on('node-error', () => {});
    const ofCluster = driverOf(cluster);
    cluster.emit('node-error', new Error('no'), { host: '10.0.0.2', port: 7000 });
    expect(ofCluster.lastError!.message).toBe('10.0.0.2:7000: no');
    vi.advanceTimersByTime(11_000);
    expect(ofCluster.lastError).toBeUndefined();
  });

  it('says so where nobody has opened a client of node-redis', () => {
    const redis = nodeRedisClient({ isOpen: false });
    expect(driverOf(redis).lastError!.message).toMatch(/not open: call its connect\(\)/);
  });
});
