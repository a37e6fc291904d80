import { Cluster, type Redis } from 'ioredis';
import { RedisBackend } from 'nestjs-server-session';
import { type RedisName, startRedis, type TestRedis } from './backends.js';
import { Relay } from './relay.js';
import { sharedCluster } from './shared-cluster.js';

/** A Redis behind relays, which can lose replies, and stall. */
export class RelayedRedis {
  private constructor(
    private readonly redis: TestRedis,
    private readonly relays: Relay[],
    private readonly client: Redis | Cluster,
  ) {}

  static async start(name: RedisName): Promise<RelayedRedis> {
    const redis = await startRedis(name);
    const ports = await portsOf(redis);
    const relays = await Promise.all(ports.map((port) => Relay.to(port)));
    const ways = relays.map(({ port }) => ({ host: '127.0.0.1', port }));
    const client = redis.client.isCluster
      ? new Cluster(ways, {
          retryDelayOnFailover: 20,
          natMap: Object.fromEntries(ports.map((port, i) => [`127.0.0.1:${port}`, ways[i]!])),
        })
      : (redis.client as Redis).duplicate(ways[0]);
    client.on('error', () => {});
    return new RelayedRedis(redis, relays, client);
  }

  get backend(): RedisBackend {
    return new RedisBackend({ client: this.client });
  }

  /** Reaches the server with no relay between. */
  get direct(): Redis | Cluster {
    return this.redis.client;
  }

  /** How often a reply was lost. */
  get cuts(): number {
    return this.relays.reduce((sum, { cuts }) => sum + cuts, 0);
  }

  /** Runs something and loses the reply to the first command that contains a text; ioredis then sends that again. */
  async losingReplyTo<T>(text: string, run: () => Promise<T>): Promise<T> {
    const disarm = () => this.relays.forEach((relay) => relay.loseReplyTo(undefined));
    for (const relay of this.relays) relay.loseReplyTo(text, disarm);
    try {
      return await run();
    } finally {
      disarm();
    }
  }

  /** The link carries nothing until `resume`; then all that was sent meanwhile arrives. */
  stall(): void {
    for (const relay of this.relays) relay.stall();
  }

  resume(): void {
    for (const relay of this.relays) relay.resume();
  }

  async stop(): Promise<void> {
    this.client.disconnect();
    await Promise.all(this.relays.map((relay) => relay.stop()));
    await this.redis.stop();
  }
}

async function portsOf({ client }: TestRedis): Promise<number[]> {
  if (!client.isCluster) return [(client as Redis).options.port!];
  return (await sharedCluster()).nodes.map(({ port }) => port);
}
