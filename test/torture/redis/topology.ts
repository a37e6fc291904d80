import { RedisCluster } from '../../support/redis-cluster.js';
import { RedisSentinel } from '../../support/redis-sentinel.js';
import { RedisServer } from '../../support/redis-server.js';
import type { RedisSettings } from '../app/settings.js';
import { Wire } from './wire.js';

export const TOPOLOGIES = ['single', 'cluster', 'sentinel'] as const;
export type TopologyName = (typeof TOPOLOGIES)[number];

/** After how long a silent node of a Cluster is replaced: soon, so that a failover fits into a round. */
const NODE_TIMEOUT_MS = 1_500;

/** The Redis that all application processes share. */
export interface Topology {
  readonly name: TopologyName;
  /** Servers that hold sessions; those that began as primaries first. */
  readonly servers: readonly RedisServer[];
  readonly primaries: number;
  /** Where clients begin to look: the nodes themselves, or Sentinels. */
  readonly entry: readonly number[];
  /** Whether whoever is asked the way to a primary that has been replaced names another. */
  isForgotten(port: number): Promise<boolean>;
  stop(): Promise<void>;
}

export async function startTopology(name: TopologyName): Promise<Topology> {
  switch (name) {
    case 'single': {
      // Each write is handed to the kernel before it is answered: killing the process loses nothing. (`always` would
      // save it from a machine's end, too, which isn't part of this; `everysec` may hand it over late.)
      const server = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'no');
      return topology(name, [server], 1, [server.port], () => server.stop());
    }
    case 'cluster': {
      const cluster = await RedisCluster.start({ nodeTimeoutMs: NODE_TIMEOUT_MS });
      const ports = cluster.nodes.map(({ port }) => port);
      return topology(name, cluster.nodes, cluster.masters.length, ports, () => cluster.stop());
    }
    case 'sentinel': {
      const group = await RedisSentinel.start();
      const { servers, sentinelPorts } = group;
      return {
        ...topology(name, servers, 1, sentinelPorts, () => group.stop()),
        isForgotten: (port) => group.isForgotten(port),
      };
    }
  }
}

function topology(
  name: TopologyName,
  servers: readonly RedisServer[],
  primaries: number,
  entry: readonly number[],
  stop: () => Promise<void>,
): Topology {
  return { name, servers, primaries, entry, stop, isForgotten: async () => true };
}

/** All ways of one application process to its Redis. */
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

  get settings(): RedisSettings {
    const { name, servers, entry } = this.topology;
    const host = '127.0.0.1';
    const ways = this.wires.map(({ port }) => ({ host, port }));
    if (name === 'single') return { kind: name, ports: [ways[0]!.port], natMap: {} };
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
