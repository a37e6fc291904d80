import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';

/** Longest wait between two tries to connect: a Redis that is back is noticed within it. */
const MAX_RETRY_DELAY_MS = 250;
/** A connection on which nothing came for so long, though something was asked, is given up: its other end may be gone. */
const SOCKET_TIMEOUT_MS = 5000;
/** A connection that takes longer is tried anew. */
const CONNECT_TIMEOUT_MS = 1000;
/** How long a Redis may take to answer what was asked before it is left. */
const QUIT_TIMEOUT_MS = 2000;

/**
 * An ioredis client that notices quickly when Redis is back.
 * @throws TypeError where the URL is none of Redis', Error where ioredis is not installed
 */
export function connect(url: string): Redis {
  // Not quoted: it may hold a password.
  if (typeof url !== 'string' || !/^rediss?:\/\//.test(url)) {
    throw new TypeError(
      "RedisBackend.fromUrl: write a URL that begins with redis:// or rediss://, such as 'redis://127.0.0.1:6379'.",
    );
  }
  const client = new (loadRedis())(url, {
    retryStrategy: (times) => Math.min(times * 50, MAX_RETRY_DELAY_MS),
    maxLoadingRetryTime: MAX_RETRY_DELAY_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
  });
  // Without a listener ioredis prints each failure to connect. What it means for sessions is logged once.
  client.on('error', () => {});
  return client;
}

/** Closes a client after what was asked has been answered, or at once where it is not connected. */
export async function disconnect(client: Redis): Promise<void> {
  if (client.status === 'ready') {
    const quit = client.quit().catch(() => {});
    await Promise.race([quit, sleep(QUIT_TIMEOUT_MS, undefined, { ref: false })]);
  }
  client.disconnect();
}

/** ioredis is an optional peer, so it is looked for when it is needed. */
function loadRedis(): typeof Redis {
  try {
    return (createRequire(import.meta.url)('ioredis') as { Redis: typeof Redis }).Redis;
  } catch (cause) {
    throw new Error('RedisBackend.fromUrl needs ioredis: npm install ioredis', { cause });
  }
}
