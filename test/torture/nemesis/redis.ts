import type { RedisServer } from '../../support/redis-server.js';
import { until } from '../../support/until.js';
import { nowMs } from '../now.js';
import type { Topology } from '../redis/topology.js';
import type { Nemesis } from './nemesis.js';

const READY_MS = 20_000;

/** A Redis that ends and comes back with all that it had: its append-only file is written before it answers. */
export const killRedis: Nemesis = {
  name: 'kill Redis',
  isOfApp: false,
  async run({ deployment, random, pause }) {
    const [server] = deployment.topology.servers;
    await server!.kill();
    await pause(random.between(50, 1_500));
    server!.restart();
    await isReady(server!);
  },
};

/** A Redis that is stopped, with its connections left open: at times so long that it is taken to be down. */
export const freezeRedis: Nemesis = {
  name: 'freeze Redis',
  isOfApp: false,
  async run({ deployment, random, pause }) {
    const [server] = deployment.topology.servers;
    server!.freeze();
    try {
      await pause(random.isHit(0.5) ? random.between(100, 2_000) : random.between(2_200, 3_500));
    } finally {
      server!.resume();
    }
  },
};

/** A Redis that has no memory left: it reads, and refuses to write. */
export const fillRedis: Nemesis = {
  name: 'fill memory',
  isOfApp: false,
  async run({ deployment, random, event, pause }) {
    const [server] = deployment.topology.servers;
    const limit = (bytes: string) =>
      server!.with((client) => client.config('SET', 'maxmemory', bytes));
    await limit('1');
    const fromMs = nowMs();
    try {
      await pause(random.between(500, 2_500));
    } finally {
      event.refuses = { fromMs, toMs: nowMs() };
      await limit('0');
    }
  },
};

/** The end of a primary whose replica takes its place; it comes back as a replica. */
export const killPrimary: Nemesis = {
  name: 'kill a primary',
  facts: { losesTail: true },
  isOfApp: false,
  /** A replica that has not caught up yet would lose more than the last moment. */
  isReady: ({ topology }) => isReplicated(topology),
  async run({ deployment, random, pause }) {
    const primary = random.pick(await primariesOf(deployment.topology.servers));
    await primary.kill();
    try {
      const others = () => deployment.topology.servers.filter(({ isRunning }) => isRunning);
      const isReplaced = async () => {
        return (await primariesOf(others())).length >= deployment.topology.primaries;
      };
      await until('a replica that takes its place', isReplaced, READY_MS);
      // Where a Sentinel still named it, it would be a second primary when it is back, and lose what is written there.
      const isForgotten = () => deployment.topology.isForgotten(primary.port);
      await until('Sentinels that name the new one', isForgotten, READY_MS);
      await pause(random.between(500, 2_000));
    } finally {
      primary.restart();
      await isReady(primary);
    }
  },
};

/** Whether there are as many primaries as there should be, and all others follow one. */
async function isReplicated({ servers, primaries }: Topology): Promise<boolean> {
  const states = await Promise.all(servers.map((server) => server.info('replication')));
  const replicas = states.filter(({ role }) => role !== 'master');
  const areLinked = replicas.every((state) => state['master_link_status'] === 'up');
  return areLinked && servers.length - replicas.length === primaries;
}

async function primariesOf(servers: readonly RedisServer[]): Promise<RedisServer[]> {
  const roles = await Promise.all(
    servers.map((server) => server.info('replication').catch(() => undefined)),
  );
  return servers.filter((_, index) => roles[index]?.['role'] === 'master');
}

async function isReady(server: RedisServer): Promise<void> {
  const isSo = () =>
    server
      .with((client) => client.ping())
      .then(
        () => true,
        () => false,
      );
  await until('a Redis that is ready', isSo, READY_MS);
}
