import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, type ClusterOptions, type Redis } from 'ioredis';
import type { ClientPackage, TestClient } from './redis-clients.js';
import { freePort, isReplicated, RedisServer } from './redis-server.js';
import { until } from './until.js';

const MASTERS = 3;
const SLOTS = 16_384;
/** A master takes no commands in its first two seconds, and machines are busy. */
const READY_MS = 20_000;
const CHECK_MS = 20;

export interface RedisClusterOptions {
  /** After how long a silent node counts as failed. Default 15 seconds: a machine that is busy causes no failover. */
  nodeTimeoutMs?: number;
}

/** A private Redis Cluster of three masters, each with one replica. */
export class RedisCluster {
  private constructor(readonly nodes: RedisServer[]) {}

  static async start({ nodeTimeoutMs = 15_000 }: RedisClusterOptions = {}): Promise<RedisCluster> {
    const busPorts = await Promise.all(Array.from({ length: 2 * MASTERS }, freePort));
    const starting = busPorts.map((busPort) =>
      RedisServer.start(
        '--cluster-enabled',
        'yes',
        '--cluster-port',
        `${busPort}`,
        '--cluster-node-timeout',
        `${nodeTimeoutMs}`,
        '--repl-diskless-sync-delay',
        '0',
      ),
    );
    const results = await Promise.allSettled(starting);
    const cluster = new RedisCluster(
      results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
    );
    try {
      await Promise.all(starting);
      await cluster.#form(busPorts);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** A number that grows with each failover, as a node knows it. */
  async epoch(): Promise<number> {
    const running = this.nodes.filter(({ isRunning }) => isRunning);
    const states = await Promise.all(
      running.map((node) => node.with((client) => client.cluster('INFO'))),
    );
    return Math.max(
      ...states.map((state) => Number(/cluster_current_epoch:(\d+)/.exec(state)?.[1])),
    );
  }

  /** Those that began as masters. */
  get masters(): RedisServer[] {
    return this.nodes.slice(0, MASTERS);
  }

  get addresses(): { host: string; port: number }[] {
    return this.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
  }

  /** Of an application, by one of the packages that there are. */
  connect(by: ClientPackage, options?: object): TestClient {
    return by.cluster({ nodes: this.addresses }, options);
  }

  client(options: ClusterOptions = {}): Cluster {
    const client = new Cluster(this.addresses, options);
    client.on('error', () => {});
    return client;
  }

  /** The master that now has a key. */
  async masterOf(key: string): Promise<RedisServer> {
    const node = this.nodes.find(({ isRunning }) => isRunning)!;
    const [slot, ranges] = await node.with((client) =>
      Promise.all([client.cluster('KEYSLOT', key), client.cluster('SLOTS')]),
    );
    const range = ranges.find(([first, last]) => first <= slot && slot <= last)!;
    return this.nodes.find(({ port }) => port === range[2]![1])!;
  }

  /** Waits until each replica has all that its master wrote. */
  async replicated(): Promise<void> {
    for (const [index, master] of this.masters.entries()) {
      const replica = this.nodes[index + MASTERS]!;
      await until('a replica that has everything', () => isReplicated(master, replica));
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  async #form(busPorts: number[]): Promise<void> {
    const clients = this.nodes.map((node) => node.client());
    try {
      const ids = await Promise.all(clients.map((client) => client.cluster('MYID')));
      await Promise.all(clients.map((each, index) => each.cluster('SET-CONFIG-EPOCH', index + 1)));
      await Promise.all(
        Array.from({ length: MASTERS }, (_, index) => {
          const [first, next] = [index, index + 1].map((n) => Math.floor((n * SLOTS) / MASTERS));
          return clients[index]!.cluster('ADDSLOTSRANGE', first!, next! - 1);
        }),
      );
      // Each meets each: word of a node that only one has met takes its time.
      await Promise.all(
        clients.flatMap((client) =>
          this.nodes.map((node, index) => meet(client, node.port, busPorts[index]!)),
        ),
      );
      await Promise.all(
        clients.slice(MASTERS).map((replica, index) => replicate(replica, ids[index]!)),
      );
      await Promise.all(clients.map(isOk));
      await this.replicated();
    } finally {
      for (const client of clients) client.disconnect();
    }
  }
}

function meet(client: Redis, port: number, busPort: number): Promise<unknown> {
  return client.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort);
}

/** Makes a node the replica of a master, as soon as it has heard of it. */
async function replicate(replica: Redis, id: string): Promise<void> {
  const isTold = () =>
    replica.cluster('REPLICATE', id).then(
      () => true,
      () => sleep(CHECK_MS, false),
    );
  await until('a replica that knows its master', isTold, READY_MS);
}

async function isOk(client: Redis): Promise<void> {
  const isSo = async () =>
    (await client.cluster('INFO')).includes('cluster_state:ok') || sleep(CHECK_MS, false);
  await until('a cluster that is ready', isSo, READY_MS);
}
