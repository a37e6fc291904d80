import type { RedisDriver } from './driver.js';
import { type IoredisClient, IoredisDriver } from './ioredis-driver.js';
import { type AnyNodeRedisClient, NodeRedisDriver } from './node-redis-driver.js';

/**
 * A client of Redis: of ioredis 5.3.2 and later, 6, or iovalkey (single, Sentinel, Cluster), or of node-redis 5 or 6 (client,
 * pool, cluster, sentinel). By shape, so that it may be of a package of the application's own.
 */
export type RedisClient = IoredisClient | AnyNodeRedisClient;

const KNOWN = new WeakMap<object, RedisDriver>();

/**
 * The driver of a client, one however many backends use it: each listens to the client.
 *
 * @throws TypeError which says what the client lacks
 */
export function driverOf(client: unknown): RedisDriver {
  const known = KNOWN.get(client as object);
  if (known) return known;
  const driver = newDriver(client);
  KNOWN.set(client as object, driver);
  return driver;
}

function newDriver(client: unknown): RedisDriver {
  if (client === undefined || client === null) refuse(`client is ${client}`);
  if (typeof client !== 'object') refuse(`client is a ${typeof client}`);
  if (isFunction(client, 'then')) refuse('client is a promise: await it');
  const isOfIoredis = isFunction(client, 'call');
  if (!isOfIoredis && !isFunction(client, 'sendCommand')) {
    refuse('client has neither call() as ioredis and iovalkey, nor sendCommand() as node-redis');
  }
  if (!isFunction(client, 'on')) refuse('client has no on(), by which it tells of its connection');
  if (isOfIoredis) return new IoredisDriver(client as unknown as IoredisClient);
  // By which replies are text whatever the client's own settings are.
  if (!isFunction(client, 'withTypeMapping')) {
    refuse(
      'client has no withTypeMapping(), as those of node-redis 5 and 6 have: node-redis 4 and older are not served',
    );
  }
  return new NodeRedisDriver(client as unknown as AnyNodeRedisClient);
}

function isFunction<Name extends string>(
  client: object,
  name: Name,
): client is { readonly [name in Name]: unknown } {
  return typeof (client as Record<string, unknown>)[name] === 'function';
}

function refuse(problem: string): never {
  throw new TypeError(
    `RedisBackend: ${problem}. Write new RedisBackend({ client: new Redis(url) }) with ioredis or iovalkey, or new RedisBackend({ client: createClient({ url }) }) with node-redis 5 or 6.`,
  );
}
