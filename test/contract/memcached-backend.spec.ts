import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemcacheClient } from 'memcache-client';
import type { SessionRecord } from 'nestjs-server-session';
import { MemcachedBackend } from 'nestjs-server-session/memcached';
import { change, dataOf, LONG, newRecord } from '../../src/testing/records.js';
import { testContract } from '../support/contract.js';
import { MemcachedServer } from '../support/memcached-server.js';
import { until } from '../support/until.js';

const newId = () => randomBytes(16).toString('base64url');
const DAY_S = 86_400;

let server: MemcachedServer;
let client: MemcacheClient;
let backend: MemcachedBackend;
beforeAll(async () => {
  server = await MemcachedServer.start();
  client = new MemcacheClient({ server: server.address });
  backend = new MemcachedBackend({ client });
});
afterAll(async () => {
  client.shutdown();
  await server.stop();
});

/** A session that holds `a: 1`. */
async function stored(on = backend): Promise<string> {
  const id = newId();
  await on.create(id, await newRecord(on, { a: '1' }), 90);
  return id;
}

/** The client with some of its methods as a test has them. */
function clientWith(methods: object) {
  const { gets, add, cas, delete: remove } = client;
  const all = { gets, add, cas, delete: remove };
  const own = Object.entries(all).map(([name, run]) => [name, run.bind(client)]);
  return { ...(Object.fromEntries(own) as typeof all), ...methods };
}

describe('MemcachedBackend', () => {
  testContract(() => backend);

  it('of changes in four processes at once all stay', async () => {
    const id = await stored();
    const clients = Array.from({ length: 4 }, () => new MemcacheClient({ server: server.address }));
    const processes = clients.map((each) => new MemcachedBackend({ client: each }));
    const sent = Array.from({ length: 100 }, async (_, i) => {
      await sleep(Math.floor(i / 4));
      const set = { [`f${i}`]: `${i}` };
      return processes[i % 4]!.update(id, change({ set, increment: { n: 1 } }), LONG);
    });
    const statuses = (await Promise.all(sent)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set(['applied']));
    const fields = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, `${i}`]));
    expect(await dataOf(backend, id)).toEqual({ a: '1', n: '100', ...fields });
    for (const each of clients) each.shutdown();
  });

  it('applies together what is asked of one session at once', async () => {
    const id = await stored();
    let writes = 0;
    const cas = (...args: Parameters<typeof client.cas>) => {
      writes++;
      return client.cas(...args);
    };
    const counting = new MemcachedBackend({ client: clientWith({ cas }) });
    const sent = Array.from({ length: 100 }, () =>
      counting.update(id, change({ increment: { n: 1 } }), LONG),
    );
    await Promise.all(sent);
    expect(writes).toBe(2);
    expect(await dataOf(backend, id)).toEqual({ a: '1', n: '100' });
  });

  it('gives up where others write the session again and again', async () => {
    const id = await stored();
    let tries = 0;
    const cas = async () => {
      tries++;
      throw new Error('EXISTS');
    };
    const beaten = new MemcachedBackend({ client: clientWith({ cas }) });
    const sent = beaten.update(id, change({ set: { a: '2' } }), LONG);
    await expect(sent).rejects.toThrow('others wrote the session each of the 100 times');
    expect(tries).toBe(100);
    expect(await dataOf(backend, id)).toEqual({ a: '1' });
  });

  it('looks at the deadline before each try, for each change by itself', async () => {
    const id = await stored();
    const deadlineMs = Date.now() + 50;
    const cas = async (...args: Parameters<typeof client.cas>) => {
      if (Date.now() > deadlineMs) return client.cas(...args);
      await sleep(60);
      throw new Error('EXISTS');
    };
    const slow = new MemcachedBackend({ client: clientWith({ cas }) });
    const late = slow.update(id, change({ set: { late: '1' } }), LONG, deadlineMs);
    const inTime = slow.update(id, change({ set: { inTime: '1' } }), LONG, deadlineMs + 60_000);
    await expect(late).rejects.toThrow('too late');
    expect((await inTime).status).toBe('applied');
    expect(await dataOf(backend, id)).toEqual({ a: '1', inTime: '1' });
    const record = await newRecord(backend, {});
    await expect(backend.create(newId(), record, 90, Date.now() - 1)).rejects.toThrow('too late');
  });

  it('a change that is never answered keeps no later one waiting for ever', async () => {
    const id = await stored();
    let asked = 0;
    const never = new Promise<never>(() => {});
    const gets = (key: string) => (asked++ === 0 ? never : client.gets(key));
    const stuck = new MemcachedBackend({ client: clientWith({ gets }) });
    void stuck.update(id, change({ set: { b: '1' } }), LONG);
    const later = await stuck.update(id, change({ set: { c: '1' } }), LONG);
    expect(later.status).toBe('applied');
    expect(await dataOf(backend, id)).toEqual({ a: '1', c: '1' });
  });

  it('asks for a second more than the session has, so that no item ends early', async () => {
    const lifetimes: number[] = [];
    const add = (key: string, value: string, options: { lifetime: number }) => {
      lifetimes.push(options.lifetime);
      return client.add(key, value, options);
    };
    const record = await newRecord(backend, {});
    await new MemcachedBackend({ client: clientWith({ add }) }).create(newId(), record, 1);
    expect(lifetimes).toEqual([2]);
  });

  it('a session that is removed while it is changed stays removed', async () => {
    const id = await stored();
    const gets = async (key: string) => {
      const found = await client.gets(key);
      await backend.delete(id);
      return found;
    };
    const racing = new MemcachedBackend({ client: clientWith({ gets }) });
    expect(await racing.update(id, change({ set: { a: '2' } }), LONG)).toEqual({ status: 'gone' });
    expect(await backend.get(id)).toBeNull();
  });

  it('says that a session is too large, and loses nothing', async () => {
    const id = await stored();
    const large = 'x'.repeat(2_000_000);
    const TOO_LARGE = 'the session is too large for memcached';
    const record = await newRecord(backend, { large });
    await expect(backend.create(newId(), record, 90)).rejects.toThrow(TOO_LARGE);
    await expect(backend.set(id, record, 90)).rejects.toThrow(TOO_LARGE);
    const before = backend.update(id, change({ set: { b: '1' } }), LONG);
    const sets: SessionRecord[] = [{ c: '1' }, { large }, { d: '1' }];
    const changes = sets.map((set) =>
      backend.update(id, change({ set }), LONG).catch((error: Error) => error.message),
    );
    await before;
    expect(await Promise.all(changes)).toEqual([
      expect.objectContaining({ status: 'applied' }),
      expect.stringContaining(TOO_LARGE),
      expect.objectContaining({ status: 'applied' }),
    ]);
    expect(await dataOf(backend, id)).toEqual({ a: '1', b: '1', c: '1', d: '1' });
  });

  it('gives an item the life of its session, also where memcached wants a time', async () => {
    const id = newId();
    const record = await newRecord(backend, { a: '1' });
    for (const seconds of [60, 30 * DAY_S - 1, 30 * DAY_S, 31 * DAY_S, 400 * DAY_S]) {
      await backend.set(id, record, seconds);
      const left = await server.ttlOf(`sess:${id}`);
      expect(left).toBeGreaterThanOrEqual(seconds - 5);
      expect(left).toBeLessThanOrEqual(seconds + 3);
    }
    for (const seconds of [36_500 * DAY_S, Infinity]) {
      await backend.set(id, record, seconds);
      expect(await server.ttlOf(`sess:${id}`)).toBe(-1);
    }
    await backend.update(id, change({ set: { b: '1' } }), { idleMs: 600_000, absoluteMs: 900_000 });
    expect(await server.ttlOf(`sess:${id}`)).toBeGreaterThan(500);
    expect(await server.ttlOf(`sess:${id}`)).toBeLessThanOrEqual(601);
    await backend.update(id, change({ keep: [] }), { idleMs: 600_000, absoluteMs: 900_000 });
    expect(await server.ttlOf(`sess:${id}`)).toBeLessThanOrEqual(61);
  });

  it('takes what is not exactly a record for no session, and leaves it as it is', async () => {
    for (const foreign of ['', 'text', 7, { a: '1' }, Buffer.from('x'), '1\x1f\x1e']) {
      const id = newId();
      await client.set(`sess:${id}`, foreign, { lifetime: 90 });
      const { value } = (await client.get(`sess:${id}`)) as { value: unknown };
      expect(await backend.get(id)).toEqual({});
      const sent = change({ set: { b: '1' }, increment: { n: 1 } });
      expect(await backend.update(id, sent, LONG)).toEqual({ status: 'gone' });
      expect(await backend.create(id, {}, 90)).toBe(false);
      expect(await client.get(`sess:${id}`)).toMatchObject({ value });
    }
  });

  it('sends nothing that could be another command', async () => {
    const evil = `x\r\nset sess:y 0 0 1\r\nz`;
    const record = await newRecord(backend, { a: '1' });
    expect(await backend.get(evil)).toBeNull();
    expect(await backend.update(evil, change(), LONG)).toEqual({ status: 'gone' });
    expect(await backend.ends.end(evil, 'revoked')).toBe(false);
    await backend.delete(evil);
    await expect(backend.create(evil, record, 90)).rejects.toThrow(TypeError);
    await expect(backend.set(evil, record, 90)).rejects.toThrow(TypeError);
    expect(await server.ask('mg sess:y v')).toBe('EN');
  });

  it('takes the longest prefix that a key has room for, and no other', async () => {
    const longest = new MemcachedBackend({ client, prefix: 'p'.repeat(228) });
    const id = await stored(longest);
    expect(await dataOf(longest, id)).toEqual({ a: '1' });
    for (const prefix of ['p'.repeat(229), 'a b', 'a\n', 'ü', 7]) {
      expect(() => new MemcachedBackend({ client, prefix: prefix as string })).toThrow(
        /^MemcachedBackend: prefix can’t begin a key. Write /,
      );
    }
  });

  it('refuses a memcached that compares nothing', async () => {
    const without = await MemcachedServer.start('-C');
    const own = new MemcacheClient({ server: without.address });
    const refusing = new MemcachedBackend({ client: own });
    const id = await stored(refusing);
    const sent = refusing.update(id, change({ set: { a: '2' } }), LONG);
    await expect(sent).rejects.toThrow('memcached runs with its option -C');
    own.shutdown();
    await without.stop();
  });

  it.each([
    [undefined, 'has no method gets, add, cas, delete'],
    [{ client: new Map() }, 'has no method gets, add, cas'],
    [
      {
        client: {
          gets() {},
          add() {},
          cas() {},
          delete() {},
          options: { server: { servers: [{}, {}] } },
        },
      },
      'takes another of its servers each time',
    ],
  ])('says what to write where the client is none: %#', (options, problem) => {
    expect(() => new MemcachedBackend((options ?? {}) as never)).toThrow(
      new RegExp(`^MemcachedBackend: the client ${problem}.* Write new MemcachedBackend`),
    );
  });
});

describe('MemcachedBackend.fromServer', () => {
  const connections = async () => {
    const [, count] = /STAT curr_connections (\d+)/.exec(await statsOf(server)) ?? [];
    return Number(count);
  };

  it('connects when it is asked, closes when nobody uses it any more, and opens again', async () => {
    const before = await connections();
    const owned = MemcachedBackend.fromServer(server.address);
    owned.acquire();
    owned.acquire();
    const id = await stored(owned);
    expect(await connections()).toBe(before + 1);
    owned.release();
    expect(await dataOf(owned, id)).toEqual({ a: '1' });
    owned.release();
    await expect(owned.get(id)).rejects.toThrow('the connection to memcached is closed');
    await until('the connection is closed', async () => (await connections()) === before);
    owned.acquire();
    expect(await dataOf(owned, id)).toEqual({ a: '1' });
    owned.release();
  });

  it('rejects where nothing listens, and works once something does', async () => {
    const later = await MemcachedServer.start();
    await later.kill();
    const owned = MemcachedBackend.fromServer(later.address);
    owned.acquire();
    await expect(owned.get(newId())).rejects.toThrow('ECONNREFUSED');
    await expect(owned.create(newId(), {}, 90)).rejects.toThrow('ECONNREFUSED');
    await later.restart();
    expect(await owned.get(newId())).toBeNull();
    owned.release();
    await later.stop();
  });

  it.each([
    undefined,
    '',
    '127.0.0.1',
    'localhost:0',
    'localhost:99999',
    'memcached://x:1',
    '::1:11211',
    11211,
  ])('says what to write instead of %s', (address) => {
    expect(() => MemcachedBackend.fromServer(address as string)).toThrow(
      /^MemcachedBackend\.fromServer: .* Write it as '127\.0\.0\.1:11211'/,
    );
  });
});

async function statsOf({ address }: MemcachedServer): Promise<string> {
  const asking = new MemcacheClient({ server: address });
  const stats = await asking.cmd<{ STAT: string[][] }>('stats');
  asking.shutdown();
  return stats.STAT.map((line) => `STAT ${line.join(' ')}`).join('\n');
}
