import { MemcacheClient } from 'memcache-client';
import type { MemcachedClient } from './memcached-client.js';

/** A connection that takes longer is tried anew with the next command. */
const CONNECT_TIMEOUT_MS = 1000;
/** A connection whose answer takes longer is given up: its other end may be gone. */
const COMMAND_TIMEOUT_MS = 5000;

/** The client of an address: connects when it is first asked, closed when the last application that uses it has ended. */
export class OwnedClient {
  #client: MemcacheClient | undefined;
  #users = 0;
  #isClosed = false;

  /** @throws TypeError where the address is none */
  constructor(private readonly server: string) {
    checkAddress(server);
  }

  /** @throws Error when it is closed, so that what comes after the end leaves nothing open */
  get client(): MemcachedClient {
    if (this.#isClosed) throw new Error('the connection to memcached is closed');
    return (this.#client ??= new MemcacheClient({
      server: this.server,
      connectTimeout: CONNECT_TIMEOUT_MS,
      cmdTimeout: COMMAND_TIMEOUT_MS,
      noDelay: true,
    }));
  }

  acquire(): void {
    this.#users++;
    this.#isClosed = false;
  }

  release(): void {
    this.#users = Math.max(this.#users - 1, 0);
    if (this.#users > 0) return;
    this.#isClosed = true;
    this.#client?.shutdown();
    this.#client = undefined;
  }
}

function checkAddress(server: unknown): void {
  const isMissing = server === undefined || server === '';
  const port = typeof server === 'string' ? /^[\w.-]+:(\d+)$/.exec(server)?.[1] : undefined;
  if (port !== undefined && Number(port) >= 1 && Number(port) <= 65_535) return;
  const problem = isMissing
    ? 'the address is missing, as where an environment variable is not set'
    : 'the address is no host and port';
  throw new TypeError(
    `MemcachedBackend.fromServer: ${problem}. Write it as '127.0.0.1:11211', with a name or an IPv4 address.`,
  );
}
