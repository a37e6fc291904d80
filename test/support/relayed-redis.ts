import type { Cluster, Redis } from 'ioredis';
import { RedisBackend } from 'nestjs-server-session';
import { packageOf, type RedisName, startRedis, type TestRedis } from './backends.js';
import { CLIENTS_OF, type TestClient } from './redis-clients.js';
import { Relay } from './relay.js';
import { sharedCluster } from './shared-servers.js';

/** A Redis behind relays, which can lose replies, and stall. */
export class RelayedRedis {
  private constructor(
    private readonly redis: TestRedis,
    private readonly relays: Relay[],
    private readonly used: TestClient,
    /** What was under way when a connection broke is sent again, so that it succeeds; else it fails. */
    readonly sendsAgain: boolean,
  ) {}

  static async start(name: RedisName): Promise<RelayedRedis> {
    const redis = await startRedis(name);
    const ports = await portsOf(redis);
    const relays = await Promise.all(ports.map((port) => Relay.to(port)));
    const ways = relays.map(({ port }) => ({ host: '127.0.0.1', port }));
    const map = Object.fromEntries(ports.map((port, i) => [`127.0.0.1:${port}`, ways[i]!]));
    const clients = CLIENTS_OF[packageOf(name)];
    const used = redis.client.isCluster
      ? clients.cluster({ nodes: ways, map })
      : clients.single(ways[0]!);
    await used.ready;
    return new RelayedRedis(redis, relays, used, clients.sendsAgain);
  }

  get backend(): RedisBackend {
    return new RedisBackend({ client: this.used.client });
  }

  /** Reaches the server with no relay between. */
  get direct(): Redis | Cluster {
    return this.redis.client;
  }

  /** How often a reply was lost. */
  get cuts(): number {
    return this.relays.reduce((sum, { cuts }) => sum + cuts, 0);
  }

  /** Runs something and loses the reply to the first command that contains a text. */
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
    await this.used.close();
    await Promise.all(this.relays.map((relay) => relay.stop()));
    await this.redis.stop();
  }
}

async function portsOf({ client }: TestRedis): Promise<number[]> {
  if (!client.isCluster) return [(client as Redis).options.port!];
  return (await sharedCluster()).nodes.map(({ port }) => port);
}
