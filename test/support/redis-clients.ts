import * as ioredis from 'ioredis';
import * as ioredis5 from 'ioredis-5';
import * as iovalkey from 'iovalkey';
import type { AdapterName } from './app.js';
import type { RedisBackendOptions } from 'nestjs-server-session';
import * as redis from 'redis';
import * as redis5 from 'redis-5';

/** A client of an application, of one of the packages that there are. */
export interface TestClient {
  readonly client: RedisBackendOptions['client'];
  /** It is connected. */
  readonly ready: Promise<unknown>;
  close(): Promise<unknown>;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ClusterAddresses {
  readonly nodes: Address[];
  /** Where to reach the nodes whose addresses the cluster tells; default there. */
  readonly map?: Record<string, Address>;
}

/** One package, in one version, and how it makes clients. */
export interface ClientPackage {
  /** What was under way when a connection broke is sent again, so that it succeeds. */
  readonly sendsAgain: boolean;
  single(address: Address, options?: object): TestClient;
  cluster(addresses: ClusterAddresses, options?: object): TestClient;
  sentinel(sentinels: Address[], name: string): TestClient;
}

type Ioredis = typeof ioredis | typeof ioredis5 | typeof iovalkey;
type NodeRedis = typeof redis | typeof redis5;

export const CLIENTS_OF = {
  ioredis: ofIoredis(ioredis),
  'ioredis 5': ofIoredis(ioredis5),
  iovalkey: ofIoredis(iovalkey),
  'node-redis': ofNodeRedis(redis),
  'node-redis pool': { ...ofNodeRedis(redis), single: poolOf(redis) },
  'node-redis 5': ofNodeRedis(redis5),
  'node-redis 5 pool': { ...ofNodeRedis(redis5), single: poolOf(redis5) },
} satisfies Record<string, ClientPackage>;

export type PackageName = keyof typeof CLIENTS_OF;
export const PACKAGES = Object.keys(CLIENTS_OF) as PackageName[];

/** What tests that name no package run with: `REDIS_CLIENT='node-redis 5' npm run vitest` runs them all with that one. */
export const DEFAULT_PACKAGE = packageNamed(process.env['REDIS_CLIENT'] ?? 'ioredis');

/** One client with each adapter, where one has nothing to do with the other: `REDIS_CLIENT` makes both the same. */
export const PACKAGE_ON: Record<AdapterName, PackageName> = {
  express: DEFAULT_PACKAGE,
  fastify: process.env['REDIS_CLIENT'] ? DEFAULT_PACKAGE : 'node-redis',
};

function packageNamed(name: string): PackageName {
  if (name in CLIENTS_OF) return name as PackageName;
  throw new Error(`REDIS_CLIENT is '${name}': write one of ${PACKAGES.join(', ')}`);
}

/** iovalkey and ioredis 5 are typed like ioredis 6 as far as this goes. */
function ofIoredis(used: Ioredis): ClientPackage {
  const { Redis, Cluster } = used as typeof ioredis;
  return {
    sendsAgain: true,
    single: (address, options) => opened(new Redis({ ...address, ...options })),
    cluster: ({ nodes, map }, options) =>
      opened(
        new Cluster(nodes, { retryDelayOnFailover: 20, ...(map && { natMap: map }), ...options }),
      ),
    sentinel: (sentinels, name) => opened(new Redis({ sentinels, name })),
  };
}

function opened(client: ioredis.Redis | ioredis.Cluster): TestClient {
  // Without a listener ioredis prints connection errors; commands report them anyway.
  client.on('error', () => {});
  const ready = new Promise<void>((resolve) => client.once('ready', resolve));
  return { client, ready, close: async () => client.disconnect() };
}

function ofNodeRedis(used: NodeRedis): ClientPackage {
  const { createClient, createCluster, createSentinel } = used as typeof redis;
  return {
    sendsAgain: false,
    single: (socket, options) => connecting(createClient({ socket, ...options })),
    cluster: ({ nodes, map }, options) =>
      connecting(
        createCluster({
          rootNodes: nodes.map((socket) => ({ socket })),
          // Of 6: a master that is gone is looked for this soon, and not after five seconds.
          topologyRefreshOnReconnectionAttemptStrategy: 500,
          ...(map && { nodeAddressMap: map }),
          ...options,
        }),
      ),
    sentinel: (sentinelRootNodes, name) =>
      connecting(createSentinel({ name, sentinelRootNodes: [...sentinelRootNodes] })),
  };
}

function poolOf(used: NodeRedis): ClientPackage['single'] {
  const { createClientPool } = used as typeof redis;
  return (socket, options) => {
    const pool = createClientPool({ socket, ...options });
    // One that is destroyed keeps the process for another five seconds.
    return { ...connecting(pool), close: () => pool.close() };
  };
}

interface Connecting {
  connect(): Promise<unknown>;
  destroy(): unknown;
  on(event: 'error', listener: () => void): unknown;
}

function connecting(client: Connecting & TestClient['client']): TestClient {
  // Without a listener node-redis ends the process.
  client.on('error', () => {});
  const ready = client.connect();
  ready.catch(() => {});
  return { client, ready, close: async () => client.destroy() };
}
