import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { RedisBackend } from 'nestjs-server-session';
import { createClient } from 'redis';
import { WATCH_INTERVAL_MS } from '../../src/backends/local-ends.js';
import { CLUSTER_ASK_MS } from '../../src/backends/redis/redis-ends.js';
import { change, hashOf, LONG, newRecord, nowOf } from '../../src/testing/records.js';
import { LogLines } from '../support/app.js';
import { EndsRecorder, expectNews, storedSession } from '../support/ends-recorder.js';
import { CLIENTS_OF, type PackageName, PACKAGES } from '../support/redis-clients.js';
import { sample } from '../support/extent.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

const REGENERATED = change({ secret: { hash: hashOf('b'), generation: 'g2', graceMs: 0 } });
const NODE_REDIS = PACKAGES.filter((name) => name.startsWith('node-redis'));
const AS_BUFFERS = { commandOptions: { typeMapping: { 36: Buffer, 43: Buffer, 58: String } } };

let server: RedisServer;
let admin: Redis;
const lines = new LogLines();
beforeAll(async () => {
  Logger.overrideLogger(lines);
  server = await RedisServer.start();
  admin = server.client();
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});

const connect = (name: PackageName, options?: object) =>
  CLIENTS_OF[name].single({ host: '127.0.0.1', port: server.port }, options);

const channels = async (): Promise<unknown> => admin.pubsub('CHANNELS', '*');
const connections = async (): Promise<number> =>
  Number((await server.info('clients'))['connected_clients']);

/** What is published while something runs. */
async function publishedDuring(run: () => Promise<unknown>): Promise<string[]> {
  const subscriber = server.client();
  const heard: string[] = [];
  subscriber.on('message', (_channel: string, text: string) => heard.push(text));
  await subscriber.subscribe('sess:ends', 'done');
  await run();
  await admin.publish('done', 'done');
  await until('all that was published', () => heard.includes('done'));
  subscriber.disconnect();
  return heard.slice(0, -1);
}

describe('what Redis is told of the end of a session', () => {
  let backend: RedisBackend;
  beforeAll(() => {
    backend = new RedisBackend({ client: admin });
  });

  it('the kind, the reason, the principal as it is stored, and the key', async () => {
    const data = { $principal: 'a\x1fb', a: '1' };
    await backend.create('one', await newRecord(backend, data), 90);
    const published = await publishedDuring(async () => {
      await backend.update('one', REGENERATED, LONG);
      await backend.update('one', change({ generation: 'g2', set: { $idle: '1000' } }), LONG);
      await backend.ends.end('one', 'revoked');
    });
    expect(published).toEqual([
      'replaced\x1fg2\x1fsess:one',
      'shortened\x1fsess:one',
      'ended\x1frevoked\x1fa\x1d?b\x1fsess:one',
    ]);
  });

  it.each([
    ['$idle', { $idle: '1000', $seen: -2000 }],
    ['$absolute', { $absolute: '1000', $created: -2000 }],
  ])('one that has expired by its own %s is removed, and not told of', async (_, parts) => {
    const now = await nowOf(backend);
    const record = await newRecord(backend, {});
    for (const [name, value] of Object.entries(parts)) {
      record[name] = typeof value === 'number' ? String(now + value) : value;
    }
    await backend.set('past', record, 90);
    expect(await publishedDuring(() => backend.ends.end('past', 'destroyed'))).toEqual([]);
    expect(await admin.exists('sess:past')).toBe(0);
  });

  it('what is no session is removed, and not told of', async () => {
    await admin.sadd('sess:set', 'of another kind');
    await admin.set('sess:text', '1\x1fof\x1fno record');
    const published = await publishedDuring(async () => {
      for (const id of ['set', 'text', 'none']) await backend.ends.end(id, 'destroyed');
    });
    expect(published).toEqual([]);
    expect(await admin.exists('sess:set', 'sess:text')).toBe(0);
  });

  it('a record of a later format is removed, and told of without its principal', async () => {
    await admin.set('sess:later', '2\x1funknown\x1e$principal\x1fada\x1e');
    const published = await publishedDuring(() => backend.ends.end('later', 'destroyed'));
    expect(published).toEqual(['ended\x1fdestroyed\x1f\x1fsess:later']);
    expect(await admin.exists('sess:later')).toBe(0);
  });

  it('what a later version publishes is understood as far as it goes', async () => {
    const recorder = await EndsRecorder.start(backend.ends);
    const texts = [
      '',
      'moved\x1fsess:a',
      'ended\x1fdestroyed\x1f\x1fother:a',
      'ended',
      'ended\x1frecalled\x1f\x1fsess:a',
    ];
    for (const text of texts) await admin.publish('sess:ends', text);
    await expectNews(backend, recorder);
    recorder.stop();
    expect(recorder.told).toHaveLength(2);
    expect(recorder.told[0]).toMatchObject({ kind: 'ended', id: 'a', reason: 'destroyed' });
  });

  it('an id that holds a separator is told of as it is', async () => {
    const id = 'a\x1fb';
    await backend.create(id, await newRecord(backend, {}), 90);
    const recorder = await EndsRecorder.start(backend.ends);
    await backend.ends.end(id, 'limit');
    await recorder.toldOf(id);
    recorder.stop();
  });
});

describe.each(PACKAGES)('listening with %s', (name) => {
  it('opens one connection while somebody listens, and none before and after', async () => {
    const { client, ready, close } = connect(name);
    await ready;
    const backend = new RedisBackend({ client, prefix: `${name}:` });
    await backend.ends.end(await storedSession(backend), 'destroyed');
    const before = await connections();
    expect(await channels()).toEqual([]);
    const recorders = await Promise.all([0, 1].map(() => EndsRecorder.start(backend.ends)));
    expect(await channels()).toEqual(
      expect.arrayContaining([`${name}:ends`, expect.stringMatching(`^${name}:ends:.`)]),
    );
    expect(await connections()).toBe(before + 1);
    recorders[0]!.stop();
    await expectNews(backend, recorders[1]!);
    expect(recorders[0]!.told).toEqual([]);
    recorders[1]!.stop();
    await until('the connection closed', async () => (await connections()) === before);
    expect(await channels()).toEqual([]);
    const again = await EndsRecorder.start(backend.ends);
    await expectNews(backend, again);
    again.stop();
    await close();
    await until('no channel', async () => ((await channels()) as unknown[]).length === 0);
  });

  it('and stopping at once leaves no connection', async () => {
    const { client, ready, close } = connect(name);
    await ready;
    const before = await connections();
    const backend = new RedisBackend({ client });
    for (let times = 0; times < 20; times++) new EndsRecorder(backend.ends).stop();
    const recorder = await EndsRecorder.start(backend.ends);
    recorder.stop();
    await until('all closed', async () => (await connections()) === before);
    await close();
  });
});

it('a client that is opened a moment later is listened to from then on, without a line', async () => {
  const client = createClient({ url: server.url });
  const backend = new RedisBackend({ client });
  lines.lines.length = 0;
  const recorder = await EndsRecorder.start(backend.ends);
  await client.connect();
  await recorder.missedAgain(1);
  await expectNews(backend, recorder);
  expect(lines.lines).toEqual([]);
  recorder.stop();
  client.destroy();
});

const REFUSALS = { 'no channel': ['resetchannels'], 'no publishing': ['&*', '-publish'] };

const REFUSED = sample(Object.entries(REFUSALS), ([kind]) => kind === 'no channel');

describe.each(REFUSED)('an account with %s, of every client', (kind, rules) => {
  it(
    'ends and changes sessions, and has others asked for until it may',
    async () => {
      lines.lines.length = 0;
      const user = `user with ${kind}`.replaceAll(' ', '-');
      await admin.acl('SETUSER', user, 'on', '>hunter2', '~*', '+@all', ...rules);
      // All at once: they wait.
      const each = PACKAGES.map(async (name) => {
        const { client, ready, close } = connect(name, { username: user, password: 'hunter2' });
        await ready;
        const backend = new RedisBackend({ client });
        const recorder = await EndsRecorder.start(backend.ends);
        const id = await storedSession(backend);
        expect((await backend.update(id, REGENERATED, LONG)).status).toBe('applied');
        await backend.ends.end(id, 'destroyed');
        expect(await backend.get(id)).toBeNull();
        await recorder.missedAgain(1, 2 * WATCH_INTERVAL_MS);
        return { backend, recorder, close };
      });
      const used = await Promise.all(each);
      expect(lines.lines).toEqual(
        PACKAGES.map(() => expect.stringMatching(/ are not heard \(.*NOPERM.*\): /)),
      );
      expect(lines.lines.join()).not.toMatch(/hunter2/);
      lines.lines.length = 0;
      await admin.acl('SETUSER', user, 'allchannels', '+publish');
      await until('all heard', () => lines.lines.length === PACKAGES.length);
      expect(new Set(lines.lines)).toEqual(
        new Set(['Ends of sessions in other processes are heard again RedisBackend']),
      );
      await Promise.all(used.map(({ backend, recorder }) => expectNews(backend, recorder)));
      for (const { recorder } of used) recorder.stop();
      await Promise.all(used.map(({ close }) => close()));
    },
    8 * WATCH_INTERVAL_MS,
  );
});

it('the account of docs/redis.md may do all that is needed, with every client', async () => {
  const page = await readFile('docs/redis.md', 'utf8');
  const rules = [...page.matchAll(/^ACL SETUSER sessions (.*)$/gm)].flatMap(([, line]) =>
    line!.split(' ').filter((rule) => !rule.startsWith('>')),
  );
  await admin.acl('SETUSER', 'documented', '>hunter2', ...rules);
  const auth = { username: 'documented', password: 'hunter2' };
  const each = PACKAGES.map(async (name) => {
    const { client, ready, close } = connect(name, auth);
    await ready;
    const backend = new RedisBackend({ client });
    const recorder = await EndsRecorder.start(backend.ends);
    await backend.principals.enter(name, 'a', 90_000);
    await backend.principals.fence(name);
    const [entry] = await backend.principals.entries(name, 1);
    await backend.principals.entries(name, 1, { afterMs: 0 });
    await backend.principals.extend(name, 180_000);
    await backend.principals.leave(name, [entry!]);
    const id = await storedSession(backend);
    await backend.update(id, REGENERATED, LONG);
    await recorder.toldOf(id);
    await expectNews(backend, recorder);
    await backend.set(id, (await backend.get(id)) ?? {}, 90);
    await backend.delete(id);
    recorder.stop();
    await close();
  });
  await Promise.all(each);
});

const SETTINGS = [{ RESP: 2 }, { RESP: 3 }, AS_BUFFERS].flatMap((settings) =>
  NODE_REDIS.map((name) => ({ name, settings })),
);

it.each<{ name: PackageName; settings: object }>([
  ...SETTINGS,
  { name: 'ioredis', settings: { stringNumbers: true, enableAutoPipelining: true } },
  { name: 'ioredis', settings: { protocol: 2, enableOfflineQueue: false, lazyConnect: false } },
  { name: 'iovalkey', settings: { enableAutoPipelining: true, db: 3 } },
])('is told of ends with $name and $settings', async ({ name, settings }) => {
  const { client, ready, close } = connect(name, settings);
  await ready;
  const backend = new RedisBackend({ client });
  const recorder = await EndsRecorder.start(backend.ends);
  await expectNews(backend, recorder);
  recorder.stop();
  await close();
});

it('clients that reach the same keys hear of each other, whatever prefix they add', async () => {
  const prefixes: [PackageName, object, string][] = [
    ['ioredis', { keyPrefix: 'app:' }, 'sess:'],
    ['iovalkey', { keyPrefix: 'app:se' }, 'ss:'],
    ['node-redis', { keyPrefix: 'app:' }, 'sess:'],
    ['node-redis 5', {}, 'app:sess:'],
  ];
  const used = prefixes.map(([name, options]) => connect(name, options));
  await Promise.all(used.map(({ ready }) => ready));
  const backends = used.map(
    ({ client }, index) => new RedisBackend({ client, prefix: prefixes[index]![2] }),
  );
  const recorders = await Promise.all(backends.map(({ ends }) => EndsRecorder.start(ends)));
  const other = await EndsRecorder.start(new RedisBackend({ client: admin }).ends);
  for (const backend of backends) {
    const id = await storedSession(backend);
    await backend.ends.end(id, 'revoked');
    await Promise.all(recorders.map((recorder) => recorder.toldOf(id)));
  }
  expect(other.told).toEqual([]);
  for (const recorder of [...recorders, other]) recorder.stop();
  await Promise.all(used.map(({ close }) => close()));
});

it('a client that fromUrl made closes what listens when the last application has ended', async () => {
  const before = await connections();
  const backend = RedisBackend.fromUrl(server.url);
  backend.acquire();
  const recorder = await EndsRecorder.start(backend.ends);
  await expectNews(backend, recorder);
  expect(await connections()).toBe(before + 2);
  await backend.release();
  await until('all closed', async () => (await connections()) === before);
  backend.acquire();
  const again = await EndsRecorder.start(backend.ends);
  await expectNews(backend, again);
  await backend.release();
  await until('all closed again', async () => (await connections()) === before);
});

it('where several servers pass on what is published, listeners ask now and then all the same', async () => {
  const spy = vi.spyOn(globalThis, 'setInterval');
  try {
    const backend = new RedisBackend({ client: admin, isSharded: true });
    const recorder = await EndsRecorder.start(backend.ends);
    const [ask] = spy.mock.calls.find(([, ms]) => ms === CLUSTER_ASK_MS)!;
    ask();
    expect(recorder.misses).toBe(2);
    recorder.stop();
  } finally {
    spy.mockRestore();
  }
});
