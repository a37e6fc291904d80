import { CONNECT_TIMEOUT_MS, type Subscriber, type SubscriptionEvents } from '../subscription.js';
import type { Pick } from './in-turn.js';

/** What a client of ioredis or iovalkey is asked for here. */
interface Client {
  readonly status: string;
  readonly stream?: { unref?(): void };
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  on(event: string, listener: (...args: any[]) => void): unknown;
  duplicate(options: object): Client;
  connect(): Promise<unknown>;
  subscribe(...channels: string[]): Promise<unknown>;
  disconnect(): void;
}

interface ClusterClient extends Client {
  readonly isCluster: true;
  nodes(role: 'master'): Client[];
}

/** One connection, once: who subscribes has to know of each that breaks. */
const SETTINGS = {
  lazyConnect: true,
  retryStrategy: () => null,
  sentinelRetryStrategy: () => null,
  reconnectOnError: null,
  autoResubscribe: false,
  enableOfflineQueue: true,
  enableAutoPipelining: false,
  maxRetriesPerRequest: null,
  connectTimeout: CONNECT_TIMEOUT_MS,
  disconnectTimeout: 100,
  commandTimeout: undefined,
  socketTimeout: undefined,
  // Channels belong to no database, and to no prefix.
  db: 0,
  keyPrefix: '',
};

/**
 * Subscribes through ioredis or iovalkey.
 * @param pick of a Cluster's masters
 */
export function ioredisSubscriber(
  client: object,
  channels: readonly string[],
  { heard, ended }: Omit<SubscriptionEvents, 'subscribed'>,
  pick: Pick,
): Subscriber {
  const subscriber = nodeOf(client as Client | ClusterClient, pick).duplicate(SETTINGS);
  subscriber.on('error', ended);
  subscriber.on('end', () => ended(new Error('the connection that subscribes has closed')));
  subscriber.on('connect', () => subscriber.stream?.unref?.());
  subscriber.on('message', heard);
  return {
    subscribe: async () => {
      await subscriber.connect();
      await subscriber.subscribe(...channels);
    },
    close: () => subscriber.disconnect(),
  };
}

/** @throws Error where the application has closed its client */
function nodeOf(client: Client | ClusterClient, pick: Pick): Client {
  if (client.status === 'end') throw new Error('the client is closed');
  if (!('isCluster' in client && client.isCluster)) return client;
  const master = pick(client.nodes('master'));
  if (!master) throw new Error('the Cluster client knows no master yet');
  return master;
}
