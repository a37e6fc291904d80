import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
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

/** The client of a URL: made when it is first needed, closed when the last application that uses it has ended. */
export class OwnedClient {
  readonly #address: RedisAddress;
  readonly #Redis = loadRedis();
  #connected: { readonly client: Redis; readonly driver: RedisDriver } | undefined;
  #users = 0;
  #isClosed = false;

  /** @throws TypeError where the URL is none of Redis', Error where ioredis is not installed */
  constructor(private readonly url: string) {
    this.#address = readRedisUrl(url);
  }

  /** A closed one refuses each command, so that what comes after the end leaves nothing open. */
  get driver(): RedisDriver {
    return (this.#connected ??= this.#connect()).driver;
  }

  /** Nobody uses it any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  acquire(): void {
    this.#users++;
    if (this.#isClosed) this.#connected = undefined;
    this.#isClosed = false;
    this.#connected ??= this.#connect();
  }

  async release(): Promise<void> {
    this.#users = Math.max(this.#users - 1, 0);
    if (this.#users > 0 || !this.#connected) return;
    this.#isClosed = true;
    await disconnect(this.#connected.client);
  }

  #connect(): { client: Redis; driver: RedisDriver } {
    const client = new this.#Redis(this.url, {
      retryStrategy: (times) => Math.min(times * 50, MAX_RETRY_DELAY_MS),
      maxLoadingRetryTime: MAX_RETRY_DELAY_MS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
      // Every so many tries ioredis would refuse all that waits, which reads as an answer of a Redis that gives none.
      maxRetriesPerRequest: null,
    });
    const driver = new IoredisDriver(client);
    tellFirstConnection(client, this.#address);
    insistOnDatabase(client);
    return { client, driver };
  }
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
