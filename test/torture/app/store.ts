import { Cluster, Redis } from 'ioredis';
import { RedisBackend, type SessionBackend } from 'nestjs-server-session';
import { PostgresBackend } from 'nestjs-server-session/postgres';
import { Pool } from 'pg';
import type { StoreSettings } from './settings.js';

const HOST = '127.0.0.1';
/** Soon enough to see whether sessions are there again once Redis is. */
const retryStrategy = (times: number) => Math.min(times * 50, 250);

/** Where an application keeps its sessions, by a client that it brings. */
export interface Store {
  readonly backend: SessionBackend;
  /** When the application has shut down. */
  close(): void;
}

export function storeOf(settings: StoreSettings): Store {
  return settings.kind === 'postgres' ? ofPostgres(settings) : ofRedis(settings);
}

/** As docs/postgres.md says. */
function ofPostgres({ ports: [port] }: StoreSettings): Store {
  const pool = new Pool({
    host: HOST,
    port: port!,
    user: 'postgres',
    database: 'postgres',
    connectionTimeoutMillis: 1_000,
    keepAlive: true,
  });
  const backend = new PostgresBackend({ pool, createTable: true });
  return { backend, close: () => void pool.end() };
}

/** As docs/redis.md says. */
function ofRedis({ kind, ports, natMap }: StoreSettings): Store {
  const nodes = ports.map((port) => ({ host: HOST, port }));
  const client = connect(kind, nodes, natMap);
  client.on('error', () => {});
  return { backend: new RedisBackend({ client }), close: () => client.disconnect() };
}

function connect(
  kind: StoreSettings['kind'],
  nodes: { host: string; port: number }[],
  natMap: StoreSettings['natMap'],
): Redis | Cluster {
  switch (kind) {
    case 'cluster':
      return new Cluster(nodes, {
        natMap,
        retryDelayOnFailover: 50,
        clusterRetryStrategy: retryStrategy,
        redisOptions: { socketTimeout: 2_000 },
      });
    case 'sentinel':
      return new Redis({ sentinels: nodes, name: 'sessions', natMap, retryStrategy });
    default:
      return new Redis({ ...nodes[0]!, retryStrategy, socketTimeout: 2_000 });
  }
}
