import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster, type Redis } from 'ioredis';
import { RedisBackend } from 'nestjs-server-session';
import { change, LONG, newRecord } from '../../src/testing/records.js';
import { commandsOf } from '../support/commands.js';
import { testContract } from '../support/contract.js';
import { testRedisClient } from '../support/redis-client-cases.js';
import { RedisServer, SERVERS } from '../support/redis-server.js';
import { sharedCluster, START_MS } from '../support/shared-servers.js';

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
  testRedisClient(() => ({ client, admin: client }));

  it('keeps thousands of fields by name without keeping others waiting', async () => {
    const backend = new RedisBackend({ client });
    const names = ['', '%d', 'a\x1eb', ...Array.from({ length: 10_000 }, (_, i) => `field-${i}`)];
    const data = Object.fromEntries(names.map((name) => [name, '1']));
    await backend.create('many', await newRecord(backend, { ...data, other: '1', fiel: '1' }), 90);
    await client.config('SET', 'slowlog-log-slower-than', '200000');
    await client.slowlog('RESET');
    await backend.update('many', change({ keep: names }), LONG);
    expect(await client.slowlog('LEN')).toBe(0);
    const kept = Object.keys((await backend.get('many'))!).filter((name) => !name.startsWith('$'));
    expect(new Set(kept)).toEqual(new Set(names));
  });

  it('takes numbers as text, of a client with stringNumbers', async () => {
    const texts = server.client({ stringNumbers: true });
    const backend = new RedisBackend({ client: texts });
    const record = await newRecord(backend, { a: '1' });
    await backend.create('texts', record, 90);
    const result = await backend.update('texts', change({ increment: { a: 1 } }), LONG);
    expect(result).toMatchObject({ status: 'applied', expiresAtMs: expect.any(Number) });
    expect(await backend.get('texts')).toMatchObject({ a: '2' });
    texts.disconnect();
  });

  it('keeps one string a session under its prefix, with the session’s life', async () => {
    const backend = new RedisBackend({ client, prefix: 'app:' });
    const times = { $created: '1767225600000', $seen: '1767225600001' };
    await backend.create('one', { ...times, $gen: 'g', $hash: 'h', $idle: '5', a: '1' }, 90);
    expect(await client.type('app:one')).toBe('string');
    expect(await client.ttl('app:one')).toBe(90);
    expect(await client.get('app:one')).toBe(
      '1\x1fg\x1fh\x1f1767225600000\x1f1767225600001\x1f\x1f\x1e$idle\x1f5\x1ea\x1f1\x1e',
    );
  });

  it('gives a changed record the life that its times say, and an empty one a minute', async () => {
    const backend = new RedisBackend({ client });
    await backend.create('life', await newRecord(backend, { a: '1' }), 5);
    const lifetime = { idleMs: 600_000, absoluteMs: 900_000 };
    await backend.update('life', change({ set: { b: '1' } }), lifetime);
    expect((await client.pttl('sess:life')) / 1000).toBeCloseTo(600, -1);
    await backend.update('life', change({ remove: ['a', 'b'] }), lifetime);
    expect((await client.pttl('sess:life')) / 1000).toBeCloseTo(60, -1);
  });

  it('takes text that is not exactly a record for no session, and leaves it as it is', async () => {
    const backend = new RedisBackend({ client });
    await backend.create('whole', await newRecord(backend, { a: '1' }), 90);
    const whole = (await client.get('sess:whole'))!;
    const foreign = ['', 'text', '\x1e', '\x1ea', '\x1f\x1e', '1', '1\x1e', '1\x1f\x1e'];
    const broken = [
      whole.slice(0, -1),
      `${whole}x`,
      `${whole}x\x1e`,
      `${whole}x\x1fy`,
      `${whole}x\x1fy\x1fz\x1e`,
      ` ${whole}`,
      whole.replace('\x1f', '\x1f\x1f'),
    ];
    for (const text of [...foreign, ...broken]) {
      await client.set('sess:foreign', text);
      expect(await backend.get('foreign')).toEqual({});
      const sent = change({ set: { b: '1' }, remove: ['a'], increment: { n: 1 } });
      const { status } = await backend.update('foreign', sent, LONG);
      if (status === 'gone') expect(await client.get('sess:foreign')).toBe(text);
    }
  });

  it('tells a record of a later format, and leaves it as it is', async () => {
    const backend = new RedisBackend({ client });
    await backend.create('whole', await newRecord(backend, { a: '1' }), 90);
    const later = (await client.get('sess:whole'))!.replace(/^1/, '2');
    await client.set('sess:later', later);
    expect(await backend.get('later')).toEqual({ $version: '2' });
    expect(await backend.update('later', change({ set: { a: '2' } }), LONG)).toEqual({
      status: 'gone',
    });
    expect(await backend.create('later', {}, 90)).toBe(false);
    expect(await client.get('sess:later')).toBe(later);
    await backend.delete('later');
    expect(await client.get('sess:later')).toBeNull();
  });

  it('goes by the clock of Redis, whatever this process takes for the time', async () => {
    const backend = new RedisBackend({ client });
    await backend.syncClock();
    const [seconds, micros] = (await client.time()) as unknown as [string, string];
    const redisMs = Number(seconds) * 1000 + Number(micros) / 1000;
    expect(Math.abs(backend.now() - redisMs)).toBeLessThan(200);
    const real = Date.now;
    try {
      Date.now = () => real() + 3_600_000;
      expect(Math.abs(backend.now() - redisMs)).toBeLessThan(400);
    } finally {
      Date.now = real;
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
    const record = await newRecord(backend, { n: '0' });
    await Promise.all(['a', 'b'].map((id) => backend.create(id, record, 90)));
    const commands = await commandsOf(client, async () => {
      await Promise.all(['a', 'b'].map((id) => backend.get(id)));
      const sent = change({ set: { n: '1' } });
      await Promise.all(['a', 'b'].map((id) => backend.update(id, sent, LONG)));
    });
    expect(commands).toEqual(['mget', 'mget', 'script', 'script']);
  });
});

describe('RedisBackend on a Cluster', () => {
  let client: Cluster;

  beforeAll(async () => {
    client = (await sharedCluster()).client();
  }, START_MS);
  afterAll(() => client.disconnect());

  testContract(() => new RedisBackend({ client }));

  it('with a prefix that keeps all sessions on one master sends together', async () => {
    const backend = new RedisBackend({ client, prefix: `{${randomBytes(6).toString('hex')}}:` });
    const ids = Array.from({ length: 40 }, (_, index) => `many${index}`);
    const record = await newRecord(backend, {});
    await Promise.all(ids.map((id) => backend.create(id, { ...record, id }, 90)));
    const sent = await commandsOf(client, async () => {
      const updates = ids.map((id) => backend.update(id, change({ set: { seen: '1' } }), LONG));
      await Promise.all(updates);
      const records = await Promise.all(ids.map((id) => backend.get(id)));
      expect(records).toEqual(ids.map((id) => ({ ...record, id, seen: '1' })));
    });
    expect(sent.filter((name) => name !== 'script')).toEqual(['mget', 'mget']);
  });
});
