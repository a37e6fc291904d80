/** Each known client, of whichever version, is taken as its own package types it; `npm run typecheck` runs it. */
import * as ioredis from 'ioredis';
import * as ioredis5 from 'ioredis-5';
import * as iovalkey from 'iovalkey';
import { RedisBackend } from 'nestjs-server-session';
import * as redis from 'redis';
import * as redis5 from 'redis-5';

const rootNodes = [{ url: 'redis://127.0.0.1:7000' }];
const sentinelRootNodes = [{ host: '127.0.0.1', port: 26379 }];

export const backends: RedisBackend[] = [
  new RedisBackend({ client: new ioredis.Redis() }),
  new RedisBackend({ client: new ioredis.Cluster([]) }),
  new RedisBackend({ client: new ioredis5.Redis() }),
  new RedisBackend({ client: new ioredis5.Cluster([]) }),
  new RedisBackend({ client: new iovalkey.Redis() }),
  new RedisBackend({ client: new iovalkey.Cluster([]) }),
  new RedisBackend({ client: redis.createClient() }),
  new RedisBackend({ client: redis.createClient({ RESP: 2 }) }),
  new RedisBackend({ client: redis.createClientPool() }),
  new RedisBackend({ client: redis.createCluster({ rootNodes }) }),
  new RedisBackend({ client: redis.createSentinel({ name: 'main', sentinelRootNodes }) }),
  new RedisBackend({ client: redis5.createClient() }),
  new RedisBackend({ client: redis5.createClient({ RESP: 3 }) }),
  new RedisBackend({ client: redis5.createClientPool() }),
  new RedisBackend({ client: redis5.createCluster({ rootNodes }) }),
  new RedisBackend({ client: redis5.createSentinel({ name: 'main', sentinelRootNodes }) }),
];

// @ts-expect-error it is no client of Redis
export const none = new RedisBackend({ client: new Map() });
// @ts-expect-error a promise of one is none
export const promised = new RedisBackend({ client: redis.createClient().connect() });
