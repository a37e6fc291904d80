import type { ClientPackage, TestClient } from './redis-clients.js';
import { isReplicated, RedisServer } from './redis-server.js';
import { until } from './until.js';

const NAME = 'sessions';
const SENTINELS = 3;
const QUORUM = 2;
const READY_MS = 20_000;

/** A private master with one replica, and three Sentinels that put the one in the other's place. */
export class RedisSentinel {
  private constructor(
    private readonly master: RedisServer,
    private readonly replica: RedisServer,
    private readonly sentinels: RedisServer[],
  ) {}

  static async start(): Promise<RedisSentinel> {
    const master = await RedisServer.start('--repl-diskless-sync-delay', '0');
    const replica = await RedisServer.start('--replicaof', '127.0.0.1', `${master.port}`);
    const sentinels = await Promise.all(
      Array.from({ length: SENTINELS }, () => sentinelOf(master)),
    );
    const all = new RedisSentinel(master, replica, sentinels);
    try {
      await all.replicated();
      await Promise.all(sentinels.map(knowsAll));
    } catch (error) {
      await all.stop();
      throw error;
    }
    return all;
  }

  /** Those that hold data: the one that began as master first. */
  get servers(): RedisServer[] {
    return [this.master, this.replica];
  }

  get sentinelPorts(): number[] {
    return this.sentinels.map(({ port }) => port);
  }

  get addresses(): { host: string; port: number }[] {
    return this.sentinels.map(({ port }) => ({ host: '127.0.0.1', port }));
  }

  /** Of an application, by one of the packages that there are. */
  connect(by: ClientPackage): TestClient {
    return by.sentinel(this.addresses, NAME);
  }

  /** Whether every Sentinel names another master than the one that listens there. */
  async isForgotten(port: number): Promise<boolean> {
    const named = await Promise.all(
      this.sentinels.map((sentinel) =>
        sentinel.with((client) => client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)),
      ),
    );
    return named.every((address) => Number((address as string[] | null)?.[1]) !== port);
  }

  /** A number that grows with each failover, as a Sentinel knows it. */
  async epoch(): Promise<number> {
    const states = await Promise.all(
      this.sentinels.map((sentinel) =>
        sentinel.with((client) => client.call('SENTINEL', 'MASTERS')),
      ),
    );
    const epochs = (states as [string[]][]).map(([state]) =>
      Number(state[state.indexOf('config-epoch') + 1]),
    );
    return Math.max(...epochs);
  }

  async masterOf(): Promise<RedisServer> {
    return this.master;
  }

  /** Waits until the replica has all that its master wrote. */
  async replicated(): Promise<void> {
    const isSo = () => isReplicated(this.master, this.replica);
    await until('a replica that has everything', isSo, READY_MS);
  }

  async stop(): Promise<void> {
    const servers = [...this.sentinels, this.replica, this.master];
    await Promise.all(servers.map((server) => server.stop()));
  }
}

function sentinelOf({ port }: RedisServer): Promise<RedisServer> {
  return RedisServer.startSentinel(
    `sentinel monitor ${NAME} 127.0.0.1 ${port} ${QUORUM}`,
    `sentinel down-after-milliseconds ${NAME} 500`,
    `sentinel failover-timeout ${NAME} 2000`,
  );
}

/** Waits until a Sentinel has heard of the replica and of the other Sentinels. */
function knowsAll(sentinel: RedisServer): Promise<void> {
  return sentinel.with((client) =>
    until(
      'Sentinels that know each other',
      async () => {
        const [state] = (await client.call('SENTINEL', 'MASTERS')) as [string[]];
        const value = (name: string) => Number(state[state.indexOf(name) + 1]);
        return value('num-slaves') === 1 && value('num-other-sentinels') === SENTINELS - 1;
      },
      READY_MS,
    ),
  );
}
