import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';

/** The application's own Redis client: the session backend uses it and never closes it. */
@Injectable()
export class RedisConnection implements OnApplicationShutdown {
  readonly #logger = new Logger(RedisConnection.name);
  #client: Redis | undefined;

  open(url: string): Redis {
    // By default a command waits through 20 reconnects, and one whose answer was lost is sent again.
    this.#client = new Redis(url, { maxRetriesPerRequest: 0 });
    this.#report(this.#client);
    return this.#client;
  }

  /** Runs after the HTTP server has closed, so that no request still needs the client. */
  onApplicationShutdown(): void {
    this.#client?.disconnect();
  }

  /** Says once when Redis goes and when it is back. ioredis has an error for every reconnect that fails. */
  #report(client: Redis): void {
    let isDown = false;
    client.on('error', (error: NodeJS.ErrnoException) => {
      if (!isDown) this.#logger.error(`Redis is away: ${error.code ?? error.message}`);
      isDown = true;
    });
    client.on('ready', () => {
      if (isDown) this.#logger.log('Redis is back');
      isDown = false;
    });
  }
}
