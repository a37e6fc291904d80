import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Redis } from 'ioredis';
import { RedisBackend, type RedisBackendOptions } from 'nestjs-server-session';
import { sessionBackendContract } from 'nestjs-server-session/testing';
import { createClient } from 'redis';
import { change, LONG, newRecord } from '../../src/testing/records.js';
import { testRedisClient } from '../support/redis-client-cases.js';
import { sample } from '../support/extent.js';
import {
  type ClientPackage,
  CLIENTS_OF,
  type PackageName,
  PACKAGES,
  type TestClient,
} from '../support/redis-clients.js';
import { RedisSentinel } from '../support/redis-sentinel.js';
import { RedisServer } from '../support/redis-server.js';
import { sharedCluster, START_MS } from '../support/shared-servers.js';
import { until } from '../support/until.js';

type Client = RedisBackendOptions['client'];

/** As an application does with its own client. */
function send(client: Client, name: string): Promise<unknown> {
  if ('call' in client) return client.call(name);
  return (client as { sendCommand(args: string[]): Promise<unknown> }).sendCommand([name]);
}

let server: RedisServer;
let admin: Redis;
beforeAll(async () => {
  server = await RedisServer.start();
  admin = server.client();
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});

const addressOf = ({ port }: { port: number }) => ({ host: '127.0.0.1', port });
const connect = (name: PackageName, options?: object) =>
  CLIENTS_OF[name].single(addressOf(server), options);

const QUEUED = /reply of type string .* in no transaction \(MULTI\)/;

/** Pools are for one server. */
const WHOLE = PACKAGES.filter((name) => !name.includes('pool'));

interface Topology {
  name: string;
  packages: PackageName[];
  start(): Promise<{ connect(of: ClientPackage): TestClient; stop(): Promise<void> }>;
}

const TOPOLOGIES: Topology[] = [
  {
    name: 'one server',
    packages: PACKAGES,
    start: async () => ({
      connect: (of) => of.single(addressOf(server)),
      stop: async () => {},
    }),
  },
  {
    name: 'a Cluster',
    packages: WHOLE,
    start: async () => {
      const cluster = await sharedCluster();
      return { connect: (of) => cluster.connect(of), stop: async () => {} };
    },
  },
  {
    name: 'Sentinels',
    packages: WHOLE,
    start: async () => {
      const all = await RedisSentinel.start();
      return { connect: (of) => all.connect(of), stop: () => all.stop() };
    },
  },
];

const CELLS = sample(TOPOLOGIES, ({ name }) => name === TOPOLOGIES[0]!.name);

describe.each(CELLS)('RedisBackend on $name, with every client', ({ packages, start }) => {
  const clients = new Map<PackageName, TestClient>();
  let stop = async () => {};

  beforeAll(async () => {
    const topology = await start();
    stop = topology.stop;
    for (const name of packages) clients.set(name, topology.connect(CLIENTS_OF[name]));
    await Promise.all([...clients.values()].map(({ ready }) => ready));
  }, START_MS);
  afterAll(async () => {
    await Promise.all([...clients.values()].map((client) => client.close()));
    await stop();
  });

  const suites = packages.map((name) =>
    sessionBackendContract({
      create: () => new RedisBackend({ client: clients.get(name)!.client, prefix: `${name}:` }),
    }),
  );
  // All clients at once: what takes long in a case is that it waits.
  for (const [index, { name: caseName }] of suites[0]!.entries()) {
    it(
      caseName,
      async () => {
        const runs = await Promise.allSettled(suites.map((cases) => cases[index]!.run()));
        const failed = runs.flatMap((run, at) =>
          run.status === 'rejected' ? [{ client: packages[at], reason: run.reason }] : [],
        );
        expect(failed).toEqual([]);
      },
      15_000,
    );
  }
});

describe.each(PACKAGES)('RedisBackend with a client of %s', (name) => {
  let used: TestClient;
  beforeAll(async () => {
    await admin.flushall();
    used = connect(name);
    await used.ready;
  });
  afterAll(() => used.close());

  testRedisClient(() => ({ client: used.client, admin }));

  it('puts the keyPrefix of the client before its own', async () => {
    // node-redis has it from 6 on.
    if (name.startsWith('node-redis 5'))
      return expect(used.client).not.toHaveProperty('_keyPrefix');
    const prefixing = connect(name, { keyPrefix: 'app:' });
    await prefixing.ready;
    const backend = new RedisBackend({ client: prefixing.client });
    const id = `prefixed-${name}`;
    await backend.create(id, await newRecord(backend, { n: '1' }), 90);
    await backend.update(id, change({ increment: { n: 1 } }), LONG);
    expect(await backend.get(id)).toMatchObject({ n: '2' });
    expect(await admin.keys(`*${id}`)).toEqual([`app:sess:${id}`]);
    await prefixing.close();
  });
});

const NODE_REDIS = PACKAGES.filter((name) => name.startsWith('node-redis'));
const AS_BUFFERS = { commandOptions: { typeMapping: { 36: Buffer, 43: Buffer, 58: String } } };
const SETTINGS = [{ RESP: 2 }, { RESP: 3 }, AS_BUFFERS].flatMap((settings) =>
  NODE_REDIS.map((name) => ({ name, settings })),
);

it.each(SETTINGS)('works with $name and $settings', async ({ name, settings }) => {
  const { client, ready, close } = connect(name, settings);
  await ready;
  const backend = new RedisBackend({ client, prefix: `${name} ${JSON.stringify(settings)}:` });
  expect(await backend.create('one', await newRecord(backend, { n: '1' }), 90)).toBe(true);
  const result = await backend.update('one', change({ increment: { n: 1 } }), LONG);
  expect(result).toMatchObject({ status: 'applied', expiresAtMs: expect.any(Number) });
  expect(await backend.get('one')).toMatchObject({ n: '2' });
  await close();
});

it.each(PACKAGES.filter((name) => name.startsWith('io')))(
  'many sessions at once on a Cluster with enableAutoPipelining of %s',
  async (name) => {
    const cluster = await sharedCluster();
    const settings = { enableAutoPipelining: true, keyPrefix: 'app:' };
    const used = cluster.connect(CLIENTS_OF[name], settings);
    await used.ready;
    const backend = new RedisBackend({ client: used.client, prefix: `${name} auto:` });
    const ids = Array.from({ length: 24 }, (_, index) => `many${index}`);
    const record = await newRecord(backend, { n: '1' });
    await Promise.all(ids.map((id) => backend.create(id, record, 90)));
    for (const n of ['2', '3']) {
      const updates = ids.map((id) => backend.update(id, change({ increment: { n: 1 } }), LONG));
      const statuses = (await Promise.all(updates)).map(({ status }) => status);
      expect(new Set(statuses)).toEqual(new Set(['applied']));
      const records = await Promise.all(ids.map((id) => backend.get(id)));
      expect(records.map((found) => found?.['n'])).toEqual(ids.map(() => n));
    }
    await Promise.all(cluster.masters.map((node) => node.with((admin) => admin.script('FLUSH'))));
    const again = change({ increment: { n: 1 } });
    expect((await backend.update('many0', again, LONG)).status).toBe('applied');
    await used.close();
  },
  START_MS,
);

it.each(WHOLE)(
  'what a client of %s has queued for a transaction of the application is not done',
  async (name) => {
    const { client, ready, close } = connect(name);
    await ready;
    const prefix = `${name} queued:`;
    const [backend, fresh] = [0, 1].map(() => new RedisBackend({ client, prefix }));
    const record = await newRecord(backend!, { n: '1' });
    await backend!.create('there', record, 90);
    for (const isScriptThere of [false, true]) {
      await send(client, 'multi');
      const asked = [
        backend!.get('there'),
        backend!.set('there', record, 90),
        backend!.create('new', record, 90),
        backend!.update('there', change({ increment: { n: 1 } }), LONG),
        backend!.delete('there'),
        fresh!.syncClock(),
      ];
      await Promise.all(asked.map((each) => expect(each).rejects.toThrow(QUEUED)));
      await send(client, 'discard');
      expect(await backend!.get('there')).toMatchObject({ n: isScriptThere ? '2' : '1' });
      await backend!.update('there', change({ increment: { n: 1 } }), LONG);
    }
    expect(await admin.keys(`${prefix}*`)).toEqual([`${prefix}there`]);
    await close();
  },
);

describe('a client of node-redis that the application opens later', () => {
  it('says what is missing, and works from then on', async () => {
    const client = createClient({ url: server.url });
    const backend = new RedisBackend({ client });
    await expect(backend.get('one')).rejects.toThrow('The client is closed');
    expect(String(backend.lastError)).toMatch(/not open: call its connect\(\)/);
    await client.connect();
    expect(await backend.get('one')).toBeNull();
    expect(backend.lastError).toBeUndefined();
    client.destroy();
  });

  it('with its queue off it fails at once while there is no connection', async () => {
    const client = createClient({
      socket: { host: '127.0.0.1', port: 1 },
      disableOfflineQueue: true,
    });
    const backend = new RedisBackend({ client });
    const connecting = client.connect();
    await expect(backend.get('one')).rejects.toThrow('The client is offline');
    await until('the reason', () => String(backend.lastError).includes('ECONNREFUSED 127.0.0.1:1'));
    client.destroy();
    await connecting.catch(() => {});
  });
});

describe('what is no client of Redis is refused by what it lacks', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['nothing', () => undefined, /client is undefined\. Write .*new Redis\(url\).*createClient/],
    ['a URL', () => 'redis://user:hunter2@host', /client is a string\./],
    ['a promise', () => Promise.resolve(), /client is a promise: await it/],
    ['a Map', () => new Map(), /neither call\(\) .* nor sendCommand\(\)/],
    ['a pipeline', () => admin.pipeline(), /client has no on\(\)/],
    ['a legacy client', () => createClient().legacy(), /client has no on\(\)/],
    [
      'a client of node-redis 3',
      () => ({ sendCommand: () => {}, on: () => {} }),
      /client has no withTypeMapping\(\), as those of node-redis 5 and 6 have: node-redis 4 and older/,
    ],
    [
      'a client of node-redis 4',
      () => ({
        sendCommand: () => {},
        on: () => {},
        isOpen: true,
        v4: {},
        multiExecutor: () => {},
      }),
      /client has no withTypeMapping\(\).*with node-redis 5 or 6\.$/,
    ],
  ])('%s', (_, client, message) => {
    const make = () => new RedisBackend({ client: client() as Client });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
    expect(make).not.toThrow(/hunter2/);
  });
});
