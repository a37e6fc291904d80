import type { RedisServer } from '../../support/redis-server.js';
import { until } from '../../support/until.js';
import { nowMs } from '../now.js';
import type { Server, Topology, TopologyName } from '../servers/topology.js';
import type { Nemesis } from './nemesis.js';

const READY_MS = 20_000;

/** A server that ends and comes back with all that it had: what it has answered is written before. */
const kill = (of: string): Nemesis => ({
  name: `kill ${of}`,
  isOfApp: false,
  async run({ deployment: { topology }, random, pause }) {
    const [server] = topology.servers;
    await server!.kill();
    await pause(random.between(50, 1_500));
    server!.restart();
    await isReady(topology, server!);
  },
});

/** A server that is stopped, with its connections left open: at times so long that it is taken to be down. */
const freeze = (of: string): Nemesis => ({
  name: `freeze ${of}`,
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
});

/** A server that reads, and refuses to write. */
const refuse = (name: string): Nemesis => ({
  name,
  isOfApp: false,
  async run({ deployment: { topology }, random, event, pause }) {
    await topology.refuseWrites(true);
    const fromMs = nowMs();
    try {
      await pause(random.between(500, 2_500));
    } finally {
      event.refuses = { fromMs, toMs: nowMs() };
      await topology.refuseWrites(false);
    }
  },
});

/** The end of a primary whose replica takes its place; it comes back as a replica. */
const killPrimary: Nemesis = {
  name: 'kill a primary',
  facts: { losesTail: true },
  isOfApp: false,
  /** A replica that has not caught up yet would lose more than the last moment. */
  isReady: ({ topology }) => isReplicated(topology),
  async run({ deployment, random, pause }) {
    const primary = random.pick(await primariesOf(deployment.topology.redis));
    await primary.kill();
    try {
      const others = () => deployment.topology.redis.filter(({ isRunning }) => isRunning);
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
      await isReady(deployment.topology, primary);
    }
  },
};

/** Whether there are as many primaries as there should be, and all others follow one. */
async function isReplicated({ redis: servers, primaries }: Topology): Promise<boolean> {
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

async function isReady(topology: Topology, server: Server): Promise<void> {
  const prober = topology.prober(server);
  const isSo = () =>
    prober.isPrimary().then(
      () => true,
      () => false,
    );
  try {
    await until('a server that is ready', isSo, READY_MS);
  } finally {
    prober.close();
  }
}

export const OF_SERVERS: Record<TopologyName, readonly Nemesis[]> = {
  single: [kill('Redis'), freeze('Redis'), refuse('fill memory')],
  // A Redis with replicas loses what it has not told them: there, only a primary's end is known to the checker.
  cluster: [killPrimary],
  sentinel: [killPrimary],
  postgres: [kill('PostgreSQL'), freeze('PostgreSQL'), refuse('read-only')],
};
