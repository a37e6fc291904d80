import { setTimeout as sleep } from 'node:timers/promises';
import { PostgresServer } from '../../support/postgres-server.js';
import { RedisCluster } from '../../support/redis-cluster.js';
import { RedisSentinel } from '../../support/redis-sentinel.js';
import { RedisServer } from '../../support/redis-server.js';
import type { StoreSettings } from '../app/settings.js';
import { type Prober, proberOfPostgres, proberOfRedis } from './probers.js';
import { Wire } from './wire.js';

export const TOPOLOGIES = ['single', 'cluster', 'sentinel', 'postgres'] as const;
export type TopologyName = (typeof TOPOLOGIES)[number];

/** After how long a silent node of a Cluster is replaced: soon, so that a failover fits into a round. */
const NODE_TIMEOUT_MS = 1_500;

/** A process that keeps sessions. */
export type Server = Pick<
  RedisServer,
  'port' | 'isRunning' | 'kill' | 'restart' | 'freeze' | 'resume'
>;

/** The Redis, or the PostgreSQL, that all application processes share. */
export interface Topology {
  readonly name: TopologyName;
  readonly servers: readonly Server[];
  /** Those of Redis that hold sessions; those that began as primaries first. */
  readonly redis: readonly RedisServer[];
  readonly primaries: number;
  /** Where clients begin to look: the nodes themselves, or Sentinels. */
  readonly entry: readonly number[];
  prober(server: Server): Prober;
  /** Has it read, and refuse to write, or do both again. */
  refuseWrites(isRefusing: boolean): Promise<void>;
  /** Whether whoever is asked the way to a primary that has been replaced names another. */
  isForgotten(port: number): Promise<boolean>;
  /** A number that grows with each failover, where there are any. */
  epoch?(): Promise<number>;
  /** All that its server has written, where it keeps that. */
  log?(): Promise<string>;
  stop(): Promise<void>;
}

export async function startTopology(name: TopologyName): Promise<Topology> {
  switch (name) {
    case 'single': {
      // Each write is handed to the kernel before it is answered: killing the process loses nothing. (`always` would
      // save it from a machine's end, too, which isn't part of this; `everysec` may hand it over late.)
      const server = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'no');
      return {
        ...ofRedis(name, [server], 1, [server.port], () => server.stop()),
        log: () => server.appended(),
      };
    }
    case 'cluster': {
      const cluster = await RedisCluster.start({ nodeTimeoutMs: NODE_TIMEOUT_MS });
      const ports = cluster.nodes.map(({ port }) => port);
      return {
        ...ofRedis(name, cluster.nodes, cluster.masters.length, ports, () => cluster.stop()),
        epoch: () => cluster.epoch(),
      };
    }
    case 'sentinel': {
      const group = await RedisSentinel.start();
      const { servers, sentinelPorts } = group;
      return {
        ...ofRedis(name, servers, 1, sentinelPorts, () => group.stop()),
        epoch: () => group.epoch(),
        isForgotten: (port) => group.isForgotten(port),
      };
    }
    case 'postgres':
      return ofPostgres(await PostgresServer.start());
  }
}

function ofRedis(
  name: TopologyName,
  servers: readonly RedisServer[],
  primaries: number,
  entry: readonly number[],
  stop: () => Promise<void>,
): Topology {
  return {
    name,
    servers,
    redis: servers,
    primaries,
    entry,
    prober: (server) => proberOfRedis(server as RedisServer),
    refuseWrites: async (isRefusing) => {
      const bytes = isRefusing ? '1' : '0';
      await servers[0]!.with((client) => client.config('SET', 'maxmemory', bytes));
    },
    isForgotten: async () => true,
    stop,
  };
}

/** How soon each connection has read its settings again. */
const RELOAD_MS = 200;

function ofPostgres(server: PostgresServer): Topology {
  return {
    name: 'postgres',
    servers: [server],
    redis: [],
    primaries: 1,
    entry: [server.port],
    prober: () => proberOfPostgres(server),
    refuseWrites: async (isRefusing) => {
      await server.with(async (client) => {
        const value = isRefusing ? 'on' : 'off';
        await client.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
        await client.query('SELECT pg_reload_conf()');
      });
      await sleep(RELOAD_MS);
    },
    isForgotten: async () => true,
    stop: () => server.stop(),
  };
}

/** All ways of one application process to its servers. */
export class Wires {
  private constructor(
    private readonly topology: Topology,
    private readonly wires: readonly Wire[],
  ) {}

  static async to(topology: Topology): Promise<Wires> {
    return new Wires(
      topology,
      await Promise.all(topology.servers.map(({ port }) => Wire.to(port))),
    );
  }

  get settings(): StoreSettings {
    const { name, servers, entry } = this.topology;
    const host = '127.0.0.1';
    const ways = this.wires.map(({ port }) => ({ host, port }));
    if (name === 'single' || name === 'postgres')
      return { kind: name, ports: [ways[0]!.port], natMap: {} };
    const natMap = Object.fromEntries(
      servers.map(({ port }, index) => [`${host}:${port}`, ways[index]!]),
    );
    const ports = name === 'cluster' ? ways.map(({ port }) => port) : entry;
    return { kind: name, ports, natMap };
  }

  stall(): void {
    for (const wire of this.wires) wire.stall();
  }

  withhold(): void {
    for (const wire of this.wires) wire.withhold();
  }

  delay(ms: number): void {
    for (const wire of this.wires) wire.delay(ms);
  }

  cutAfter(bytes: number): void {
    for (const wire of this.wires) wire.cutAfter(bytes);
  }

  open(): void {
    for (const wire of this.wires) wire.open();
  }

  async stop(): Promise<void> {
    await Promise.all(this.wires.map((wire) => wire.stop()));
  }
}
