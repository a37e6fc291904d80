import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Owned } from '../owned.js';
import { loadRedis, type Redis } from './ioredis.cjs';
import type { RedisDriver } from './driver.js';
import { IoredisDriver } from './ioredis-driver.js';
import { readRedisUrl, type RedisAddress } from './redis-url.js';

/** Longest wait between two tries to connect: a Redis that is back is noticed within it. */
const MAX_RETRY_DELAY_MS = 250;
/** A connection on which nothing came for so long, though something was asked, is given up: its other end may be gone. */
const SOCKET_TIMEOUT_MS = 5000;
/** A connection that takes longer is tried anew. */
const CONNECT_TIMEOUT_MS = 1000;
/** How long a Redis may take to answer what was asked before it is left. */
const QUIT_TIMEOUT_MS = 2000;
/** How long a connection that is left may stay half open; ioredis keeps the process for so long in any case. */
const DISCONNECT_TIMEOUT_MS = 100;

/**
 * The client of a URL.
 * @throws TypeError where the URL is none of Redis', Error where ioredis is not installed
 */
export function ownedClient(url: string): OwnedClient {
  const address = readRedisUrl(url);
  const Redis = loadRedis();
  return new Owned(
    () => connect(Redis, url, address),
    ({ client }) => disconnect(client),
  );
}

export type OwnedClient = Owned<Connected>;

interface Connected {
  readonly client: Redis;
  readonly driver: RedisDriver;
}

function connect(
  Redis: ReturnType<typeof loadRedis>,
  url: string,
  address: RedisAddress,
): Connected {
  const client = new Redis(url, {
    retryStrategy: (times) => Math.min(times * 50, MAX_RETRY_DELAY_MS),
    maxLoadingRetryTime: MAX_RETRY_DELAY_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    // Every so many tries ioredis would refuse all that waits, which reads as an answer of a Redis that gives none.
    maxRetriesPerRequest: null,
  });
  const driver = new IoredisDriver(client);
  tellFirstConnection(client, address);
  insistOnDatabase(client);
  return { client, driver };
}

/** Says so at once where Redis can't be reached at start. What comes later is told by what it does to sessions. */
function tellFirstConnection(client: Redis, { host, port }: RedisAddress): void {
  const logger = new Logger('RedisBackend');
  let isSettled = false;
  client.once('ready', () => (isSettled = true));
  // Without a listener ioredis prints each failure to connect.
  client.on('error', (error: NodeJS.ErrnoException) => {
    if (isSettled) return;
    isSettled = true;
    const cause = error.code ?? error.message;
    logger.error(
      `Redis at ${host}:${port} can't be used (${cause}). Requests that need a session are answered with 503 until it can.`,
    );
    client.once('ready', () => logger.log(`Redis at ${host}:${port} is reached`));
  });
}

/**
 * Where Redis refuses the number of the database, ioredis goes on in database 0, among what may be another application's
 * sessions. This tries anew instead, so that nothing is read or written there.
 */
function insistOnDatabase(client: Redis): void {
  client.on('error', ({ command }: Error & { command?: { name: string } }) => {
    if (command?.name === 'select') client.disconnect(true);
  });
}

/** Closes a client after what was asked has been answered, or at once where it is not connected. */
async function disconnect(client: Redis): Promise<void> {
  if (client.status === 'ready') {
    const quit = client.quit().catch(() => {});
    await Promise.race([quit, sleep(QUIT_TIMEOUT_MS, undefined, { ref: false })]);
  }
  client.disconnect();
}
