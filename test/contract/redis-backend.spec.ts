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

  it('keeps one string a session under its prefix, with the session’s life', async () => {
    const backend = new RedisBackend({ client, prefix: 'app:' });
    await backend.create('one', { $created: '1767225600000', $seen: '1767225600001', a: '1' }, 90);
    expect(await client.type('app:one')).toBe('string');
    expect(await client.ttl('app:one')).toBe(90);
    expect(await client.get('app:one')).toBe('\x1e$c\x1fmjuohs00\x1e$s\x1fmjuohs01\x1ea\x1f1\x1e');
  });

  it('goes on where somebody else has put text under a key', async () => {
    const backend = new RedisBackend({ client });
    for (const text of ['', 'text', '\x1e', '\x1ea', '\x1ea\x1f', '\x1f\x1e', '\x1ea\x1fb']) {
      await client.set('sess:foreign', text);
      expect(await backend.get('foreign')).not.toHaveProperty('$created');
      const change = { set: { b: '1' }, remove: ['a'], increment: { n: 1 } };
      expect(await backend.update('foreign', change, 90)).toBe(true);
    }
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
    await client.sadd('sess:text', 'of another kind');
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
