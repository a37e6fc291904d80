import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster, type Redis } from 'ioredis';
import { RedisBackend } from 'nestjs-server-session';
import { commandsOf } from '../support/commands.js';
import { testContract } from '../support/contract.js';
import { RedisServer, SERVERS } from '../support/redis-server.js';
import { shareCluster, sharedCluster, START_MS } from '../support/shared-cluster.js';

shareCluster();

describe.each(SERVERS)('RedisBackend on %s', (program) => {
  let server: RedisServer;
  let client: Redis;

  beforeAll(async () => {
    server = await RedisServer.startProgram(program);
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

  it('takes a key that holds something else for no session', async () => {
    await client.sadd('sess:set', 'of another kind');
    const backend = new RedisBackend({ client });
    const [ours, theirs] = await Promise.all([
      backend.create('ours', { a: '1' }, 90),
      backend.create('set', {}, 90),
    ]);
    expect([ours, theirs]).toEqual([true, false]);
    const change = { set: { a: '2' }, remove: [], increment: {} };
    const both = ['set', 'ours'].map((id) => backend.update(id, change, 90));
    expect(await Promise.all(both)).toEqual([false, true]);
    expect(await Promise.all([backend.get('set'), backend.get('ours')])).toEqual([
      null,
      { a: '2' },
    ]);
  });

  it('sends in one command what is asked for at once, each answered by its own', async () => {
    const backend = new RedisBackend({ client });
    const ids = Array.from({ length: 100 }, (_, index) => `many${index}`);
    await Promise.all(ids.map((id) => backend.create(id, { id }, 90)));
    const sent = await commandsOf(client, async () => {
      const change = { set: { seen: '1' }, remove: [], increment: {} };
      const updated = await Promise.all(
        [...ids, 'none'].map((id) => backend.update(id, change, 90)),
      );
      expect(updated).toEqual([...ids.map(() => true), false]);
      const records = await Promise.all([...ids, 'none'].map((id) => backend.get(id)));
      expect(records).toEqual([...ids.map((id) => ({ id, seen: '1' })), null]);
    });
    expect(sent).toEqual([...Array(4).fill('script'), ...Array(4).fill('mget')]);
  });

  it('reports an error without the values of the command', async () => {
    const backend = new RedisBackend({ client });
    await backend.create('full', { a: '1' }, 90);
    await client.config('SET', 'maxmemory', 1);
    try {
      const change = { set: { password: 'hunter2' }, remove: [], increment: {} };
      const writes = ['full', 'other'].map((id) => backend.update(id, change, 90));
      for (const write of writes) {
        const error: unknown = await write.catch((e: unknown) => e);
        expect((error as Error).message).toMatch(/^OOM/);
        expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('hunter2');
      }
    } finally {
      await client.config('SET', 'maxmemory', 0);
    }
  });

  it('refuses what is no ioredis client', () => {
    expect(() => new RedisBackend({ client: {} as Redis })).toThrow(/must be an ioredis client/);
  });

  it('refuses what is no URL of Redis, without repeating it', () => {
    for (const url of ['', 'http://user:hunter2@localhost', undefined as unknown as string]) {
      expect(() => RedisBackend.fromUrl(url)).toThrow(
        /^RedisBackend.fromUrl: write a URL(?!.*hunter2)/,
      );
    }
  });
});

describe('RedisBackend behind a proxy that spreads keys over several servers', () => {
  let server: RedisServer;
  let client: Redis;
  let backend: RedisBackend;

  beforeAll(async () => {
    server = await RedisServer.start();
    client = server.client();
    backend = new RedisBackend({ client, isSharded: true });
  });
  afterAll(async () => {
    client.disconnect();
    await server.stop();
  });

  testContract(() => backend);

  it('touches one key with each command', async () => {
    const change = { set: { n: '1' }, remove: [], increment: {} };
    await Promise.all(['a', 'b'].map((id) => backend.create(id, { n: '0' }, 90)));
    const commands = await commandsOf(client, async () => {
      await Promise.all(['a', 'b'].map((id) => backend.get(id)));
      await Promise.all(['a', 'b'].map((id) => backend.update(id, change, 90)));
      await backend.rotate('a', 'c', change, 90);
    });
    expect(commands).toEqual(['get', 'get', 'script', 'script', 'get', 'set', 'script']);
  });
});

describe('RedisBackend on a Cluster', () => {
  let client: Cluster;

  beforeAll(async () => {
    client = (await sharedCluster()).client();
  }, START_MS);
  afterAll(() => client.disconnect());

  testContract(() => new RedisBackend({ client }));

  it('with a prefix that keeps all sessions on one master sends together, and rotates as a unit', async () => {
    const backend = new RedisBackend({ client, prefix: '{app}:' });
    const ids = Array.from({ length: 40 }, (_, index) => `many${index}`);
    await Promise.all(ids.map((id) => backend.create(id, { id }, 90)));
    const change = { set: { seen: '1' }, remove: [], increment: {} };
    const sent = await commandsOf(client, async () => {
      await Promise.all(ids.map((id) => backend.update(id, change, 90)));
      await Promise.all(ids.map((id) => backend.rotate(id, `new-${id}`, change, 90)));
      const records = await Promise.all(ids.map((id) => backend.get(`new-${id}`)));
      expect(records).toEqual(ids.map((id) => ({ id, seen: '1' })));
    });
    expect(sent.filter((name) => name !== 'script')).toEqual(['mget', 'mget']);
    expect(await Promise.all(ids.map((id) => backend.get(id)))).toEqual(ids.map(() => null));
  });
});
