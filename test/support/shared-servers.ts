import { PostgresServer } from './postgres-server.js';
import { RedisCluster } from './redis-cluster.js';

/** Enough for a cluster on a busy machine. */
export const START_MS = 30_000;

const stops: (() => Promise<void>)[] = [];
let cluster: Promise<RedisCluster> | undefined;
let postgres: Promise<PostgresServer> | undefined;

/** One Redis Cluster for all test files of a worker, each of which finds it empty. */
export function sharedCluster(): Promise<RedisCluster> {
  cluster ??= shared(RedisCluster.start());
  return cluster;
}

/** One PostgreSQL for all test files of a worker. Tests have tables of their own. */
export function sharedPostgres(): Promise<PostgresServer> {
  postgres ??= shared(PostgresServer.start());
  return postgres;
}

/** Empties the cluster, if there is one. */
export async function emptySharedCluster(): Promise<void> {
  const masters = (await cluster)?.masters ?? [];
  await Promise.all(masters.map((master) => master.with((client) => client.flushall())));
}

/** Stops a server with the worker that started it. */
function shared<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  if (stops.length === 0) process.once('SIGTERM', stopAll);
  stops.push(async () => (await starting).stop());
  return starting;
}

async function stopAll(): Promise<void> {
  await Promise.allSettled(stops.map((stop) => stop()));
  process.exit();
}
