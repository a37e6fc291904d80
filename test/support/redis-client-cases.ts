import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import type { Redis } from 'ioredis';
import { RedisBackend, type RedisBackendOptions, type SessionRecord } from 'nestjs-server-session';
import { change, LONG, newRecord } from '../../src/testing/records.js';
import { commandsOf } from './commands.js';

export interface UsedClient {
  /** Of an application. */
  client: RedisBackendOptions['client'];
  /** Looks into the one server that it uses. */
  admin: Redis;
}

/** What depends on the client: how commands are sent, and what becomes of replies and errors. */
export function testRedisClient(used: () => UsedClient): void {
  it('goes on after SCRIPT FLUSH', async () => {
    const backend = new RedisBackend({ client: used().client });
    await backend.create('flushed', await newRecord(backend, { n: '1' }), 90);
    await used().admin.script('FLUSH');
    const { status } = await backend.update('flushed', change({ increment: { n: 1 } }), LONG);
    expect(status).toBe('applied');
    expect(await backend.get('flushed')).toMatchObject({ n: '2' });
  });

  it('takes a key that holds something else for no session', async () => {
    await used().admin.sadd('sess:set', 'of another kind');
    const backend = new RedisBackend({ client: used().client });
    const [ours, theirs] = await Promise.all([
      backend.create('ours', await newRecord(backend, { a: '1' }), 90),
      backend.create('set', {}, 90),
    ]);
    expect([ours, theirs]).toEqual([true, false]);
    expect(await backend.get('set')).toBeNull();
    const both = ['set', 'ours'].map((id) => backend.update(id, change({ set: { a: '2' } }), LONG));
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual(['gone', 'applied']);
    const [none, found] = await Promise.all([backend.get('set'), backend.get('ours')]);
    expect([none, found?.['a']]).toEqual([null, '2']);
  });

  it('sends in one command what is asked for at once, each answered by its own', async () => {
    const backend = new RedisBackend({ client: used().client });
    const ids = Array.from({ length: 100 }, (_, index) => `many${index}`);
    const record = await newRecord(backend, {});
    await Promise.all(ids.map((id) => backend.create(id, { ...record, id }, 90)));
    const sent = await commandsOf(used().admin, async () => {
      const asked = [...ids, 'none'];
      const updates = asked.map((id) => backend.update(id, change({ set: { seen: '1' } }), LONG));
      const statuses = (await Promise.all(updates)).map(({ status }) => status);
      expect(statuses).toEqual([...ids.map(() => 'applied'), 'gone']);
      const records = await Promise.all(asked.map((id) => backend.get(id)));
      expect(records).toEqual([...ids.map((id) => ({ ...record, id, seen: '1' })), null]);
    });
    expect(sent).toEqual([...Array(4).fill('script'), ...Array(4).fill('mget')]);
  });

  it('applies the others of a batch where one fails', async () => {
    const backend = new RedisBackend({ client: used().client });
    const ids = ['first', 'odd', 'last'];
    for (const id of ids) await backend.create(id, await newRecord(backend, { n: '0' }), 90);
    const results = await Promise.allSettled(
      ids.map((id) => {
        const set: SessionRecord = id === 'odd' ? { $idle: '1e300', $absolute: 'Infinity' } : {};
        return backend.update(id, change({ set, increment: { n: 1 }, isUse: true }), LONG);
      }),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const records = await Promise.all(ids.map((id) => backend.get(id)));
    expect(records.map((record) => record?.['n'])).toEqual(['1', '0', '1']);
  });

  it('reports an error without the values of the command', async () => {
    const backend = new RedisBackend({ client: used().client });
    await backend.create('full', await newRecord(backend, { a: '1' }), 90);
    await used().admin.config('SET', 'maxmemory', 1);
    try {
      const sent = change({ set: { password: 'hunter2' } });
      const writes = ['full', 'other'].map((id) => backend.update(id, sent, LONG));
      for (const write of writes.slice(0, 1)) {
        const error: unknown = await write.catch((e: unknown) => e);
        expect((error as Error).message).toMatch(/OOM/);
        expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('hunter2');
      }
      await Promise.allSettled(writes);
    } finally {
      await used().admin.config('SET', 'maxmemory', 0);
    }
  });
}
