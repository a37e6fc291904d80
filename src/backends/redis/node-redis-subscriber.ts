import { CONNECT_TIMEOUT_MS, type Subscriber, type SubscriptionEvents } from '../subscription.js';
import type { Pick } from './in-turn.js';

/** What a single client of node-redis is asked for here. */
interface Client {
  readonly isOpen: boolean;
  readonly options?: { readonly socket?: object };
  on(event: string, listener: (error: unknown) => void): unknown;
  duplicate(options: object): Client;
  unref(): void;
  connect(): Promise<unknown>;
  subscribe(channels: string[], listener: (text: string, channel: string) => void): Promise<void>;
  destroy(): void;
}

type Use = <T>(use: (client: Client) => T) => Promise<T>;

interface Pool {
  readonly isOpen: boolean;
  readonly execute: Use;
}

interface Cluster<Node = unknown> {
  readonly isOpen: boolean;
  readonly masters: readonly Node[];
  nodeClient(node: Node): Client | Promise<Client>;
}

interface Sentinel {
  readonly isOpen: boolean;
  /** By which it sends each command through the client of the master. Its own subscriptions move on without a word. */
  _execute<T>(isReadonly: boolean, use: (client: Client) => T): Promise<T>;
}

/**
 * Subscribes through node-redis.
 * @param pick of a cluster's masters
 */
export async function nodeRedisSubscriber(
  client: object,
  channels: readonly string[],
  { heard, ended }: Omit<SubscriptionEvents, 'subscribed'>,
  pick: Pick,
): Promise<Subscriber> {
  const subscriber = await duplicateOf(client as Client | Pool | Cluster | Sentinel, pick);
  subscriber.on('error', ended);
  subscriber.on('end', () => ended(new Error('the connection that subscribes has closed')));
  subscriber.unref();
  return {
    subscribe: async () => {
      await subscriber.connect();
      await subscriber.subscribe([...channels], (text, channel) => heard(channel, text));
    },
    close: () => {
      try {
        subscriber.destroy();
      } catch {
        // One of node-redis 5 that is closed already. Those of 6 want it: they keep a list of clients.
      }
    },
  };
}

/** @throws Error where the application has not opened its client, or has closed it */
async function duplicateOf(
  client: Client | Pool | Cluster | Sentinel,
  pick: Pick,
): Promise<Client> {
  if (!client.isOpen) throw new Error('the node-redis client is not open');
  if ('masters' in client) {
    return duplicate(await client.nodeClient(pick(client.masters)));
  }
  if ('execute' in client) return client.execute(duplicate);
  if ('_execute' in client && 'getMasterNode' in client) return client._execute(false, duplicate);
  return duplicate(client as Client);
}

/** One connection, once: who subscribes has to know of each that breaks. */
function duplicate(client: Client): Client {
  return client.duplicate({
    socket: {
      ...client.options?.socket,
      reconnectStrategy: false,
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: undefined,
    },
    commandOptions: undefined,
    clientSideCache: undefined,
    disableOfflineQueue: false,
    keyPrefix: undefined,
    pingInterval: undefined,
  });
}
