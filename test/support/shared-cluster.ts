import { afterAll, beforeAll } from '@jest/globals';
import { RedisCluster } from './redis-cluster.js';

/** Enough for a cluster on a busy machine. */
export const START_MS = 30_000;

let starting: Promise<RedisCluster> | undefined;

/** One Redis Cluster for all tests of a file. It takes two seconds to be ready: it gets so while others run. */
export function shareCluster(): void {
  beforeAll(() => {
    starting = RedisCluster.start();
    // Who uses it hears of it.
    starting.catch(() => {});
  });
  afterAll(async () => (await starting)?.stop(), START_MS);
}

export function sharedCluster(): Promise<RedisCluster> {
  if (!starting) throw new Error('This file has no cluster: call shareCluster() at its top');
  return starting;
}
