import { Cluster, Redis } from 'ioredis';
import type { RedisSettings } from './settings.js';

const HOST = '127.0.0.1';
/** Soon enough to see whether sessions are there again once Redis is. */
const retryStrategy = (times: number) => Math.min(times * 50, 250);

/** The client that the application brings for its topology, as docs/redis.md says. */
export function redisClient({ kind, ports, natMap }: RedisSettings): Redis | Cluster {
  const nodes = ports.map((port) => ({ host: HOST, port }));
  const client = connect(kind, nodes, natMap);
  client.on('error', () => {});
  return client;
}

function connect(
  kind: RedisSettings['kind'],
  nodes: { host: string; port: number }[],
  natMap: RedisSettings['natMap'],
): Redis | Cluster {
  switch (kind) {
    case 'single':
      return new Redis({ ...nodes[0]!, retryStrategy, socketTimeout: 2_000 });
    case 'cluster':
      return new Cluster(nodes, {
        natMap,
        retryDelayOnFailover: 50,
        clusterRetryStrategy: retryStrategy,
        redisOptions: { socketTimeout: 2_000 },
      });
    case 'sentinel':
      return new Redis({ sentinels: nodes, name: 'sessions', natMap, retryStrategy });
  }
}
