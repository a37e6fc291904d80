import { ConnectionErrors, NODE_ERROR_MS } from '../connection-errors.js';
import { openSubscription, type SubscriptionEvents } from '../subscription.js';
import type { RedisCommand, RedisDriver } from './driver.js';
import { inTurn } from './in-turn.js';
import { nodeRedisSubscriber } from './node-redis-subscriber.js';

interface Connecting {
  readonly isOpen: boolean;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  on(event: string, listener: (...args: any[]) => void): unknown;
  /** Which clients of node-redis 4 do not have. */
  withTypeMapping(typeMapping: never): unknown;
}

/** What `createClient` and `createClientPool` of node-redis give. */
export interface NodeRedisClient extends Connecting {
  sendCommand(args: string[], options?: CommandOptions): Promise<unknown>;
}

/** What `createCluster` of node-redis gives. */
export interface NodeRedisCluster extends Connecting {
  readonly masters: readonly unknown[];
  sendCommand(
    firstKey: string,
    isReadonly: boolean,
    args: string[],
    options?: CommandOptions,
  ): Promise<unknown>;
}

/** What `createSentinel` of node-redis gives. */
export interface NodeRedisSentinel extends Connecting {
  getMasterNode(): unknown;
  sendCommand(isReadonly: boolean, args: string[], options?: CommandOptions): Promise<unknown>;
}

export type AnyNodeRedisClient = NodeRedisClient | NodeRedisCluster | NodeRedisSentinel;

interface CommandOptions {
  readonly typeMapping?: object;
}

/** What the application's client makes of replies is its own: we get text as strings, and numbers as numbers. */
const AS_USUAL: CommandOptions = { typeMapping: {} };

type Send = (key: string, args: string[]) => Promise<unknown>;

/**
 * Speaks through node-redis, always to masters.
 *
 * It listens to `error`, so that an application that does not is not ended by its client.
 */
export class NodeRedisDriver implements RedisDriver {
  readonly isSharded: boolean;
  readonly keyPrefix: string;
  readonly addedPrefix = '';
  readonly #errors = new ConnectionErrors();
  readonly #pick = inTurn();
  readonly #send: Send;

  constructor(private readonly client: AnyNodeRedisClient) {
    this.isSharded = isCluster(client);
    // Of node-redis 6, which adds it to its own methods' keys, and to none that `sendCommand` gets.
    this.keyPrefix = (client as { _keyPrefix?: string | Buffer })._keyPrefix?.toString() ?? '';
    this.#send = sendThrough(client);
    listen(client, this.#errors);
  }

  get lastError(): Error | undefined {
    if (this.#errors.last || this.client.isOpen) return this.#errors.last;
    return new Error('the node-redis client is not open: call its connect()');
  }

  send(key: string, command: RedisCommand): Promise<unknown> {
    return this.#send(key, command as unknown as string[]);
  }

  subscribe(channels: readonly string[], events: SubscriptionEvents): () => void {
    return openSubscription(events, (told) =>
      nodeRedisSubscriber(this.client, channels, told, this.#pick),
    );
  }
}

function isCluster(client: AnyNodeRedisClient): client is NodeRedisCluster {
  return 'masters' in client;
}

function isSentinel(client: AnyNodeRedisClient): client is NodeRedisSentinel {
  return 'getMasterNode' in client;
}

function sendThrough(client: AnyNodeRedisClient): Send {
  if (isCluster(client)) return (key, args) => client.sendCommand(key, false, args, AS_USUAL);
  if (isSentinel(client)) return (_key, args) => client.sendCommand(false, args, AS_USUAL);
  return (_key, args) => client.sendCommand(args, AS_USUAL);
}

/** A pool, a cluster and a sentinel do not tell that one of their connections is mended, so theirs are told for a while. */
function listen(client: AnyNodeRedisClient, errors: ConnectionErrors): void {
  const place = placeOf(client);
  const forMs = 'options' in client ? Infinity : NODE_ERROR_MS;
  client.on('error', (error: unknown) => errors.note(error, place, forMs));
  client.on('ready', () => errors.mended());
  client.on('node-error', (error: unknown, { host, port }: { host: string; port: number }) =>
    errors.note(error, `${host}:${port}`, NODE_ERROR_MS),
  );
}

/** Where the server of a single client is. */
function placeOf(client: object): string | undefined {
  const { options } = client as {
    options?: { socket?: { host?: string; port?: number; path?: string } };
  };
  if (!options) return undefined;
  const { host = 'localhost', port = 6379, path } = options.socket ?? {};
  return path ?? `${host}:${port}`;
}
