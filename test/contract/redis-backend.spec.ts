import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster, type Redis } from 'ioredis';
import { RedisBackend } from 'nestjs-server-session';
import { testContract } from '../support/contract.js';
import { RedisServer } from '../support/redis-server.js';

describe('RedisBackend', () => {
  let server: RedisServer;
  let client: Redis;

  beforeAll(async () => {
    server = await RedisServer.start();
    client = server.client();
  });
  afterAll(async () => {
    client.disconnect();
    await server.stop();
  });

  testContract(() => new RedisBackend({ client }));

  it('keeps one HASH a session under its prefix, with the session’s life', async () => {
    const backend = new RedisBackend({ client, prefix: 'app:' });
    await backend.create('one', { $seen: '1', a: '1' }, 90);
    expect(await client.type('app:one')).toBe('hash');
    expect(await client.ttl('app:one')).toBe(90);
    expect(await client.hgetall('app:one')).toEqual({ $seen: '1', a: '1' });
  });

  it('goes on after SCRIPT FLUSH', async () => {
    const backend = new RedisBackend({ client });
    await backend.create('flushed', { n: '1' }, 90);
    await client.script('FLUSH');
    const change = { set: {}, remove: [], increment: { n: 1 } };
    expect(await backend.update('flushed', change, 90)).toBe(true);
    expect(await backend.get('flushed')).toEqual({ n: '2' });
  });

  it('reports an error without the values of the command', async () => {
    await client.set('sess:text', 'of another kind');
    const backend = new RedisBackend({ client });
    const change = { set: { password: 'hunter2' }, remove: [], increment: {} };
    const error: unknown = await backend.update('text', change, 90).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(Error);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('hunter2');
  });

  it('refuses what is no ioredis client', () => {
    expect(() => new RedisBackend({ client: {} as Redis })).toThrow(/must be an ioredis client/);
  });
});

describe('RedisBackend on a Cluster', () => {
  let server: RedisServer;
  let client: Cluster;

  beforeAll(async () => {
    server = await RedisServer.start(
      '--cluster-enabled',
      'yes',
      '--cluster-announce-ip',
      '127.0.0.1',
    );
    const node = server.client();
    await node.cluster('ADDSLOTSRANGE', 0, 16383);
    while (!(await node.cluster('INFO')).includes('cluster_state:ok')) await sleep(20);
    node.disconnect();
    client = new Cluster([{ host: '127.0.0.1', port: server.port }]);
  });
  afterAll(async () => {
    client.disconnect();
    await server.stop();
  });

  testContract(() => new RedisBackend({ client }));
});
