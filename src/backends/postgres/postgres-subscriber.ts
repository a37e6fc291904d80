import type { Subscriber, SubscriptionEvents } from '../subscription.js';
import type { PostgresClient, PostgresPool } from './pool.js';

/** What a pool of `pg` says of itself, by which it makes its connections. */
interface Maker {
  readonly Client?: new (options: unknown) => PostgresClient;
  readonly options?: unknown;
}

interface Notification {
  readonly channel: string;
  readonly payload?: string;
}

/** How long a connection that is left may stay half open. */
const END_TIMEOUT_MS = 100;

/**
 * Listens over a connection of its own, made as the pool makes its own: one of the pool's would be missing there.
 *
 * @param names expressions for the names of channels, by what they are called here
 */
export function postgresSubscriber(
  pool: PostgresPool,
  names: ReadonlyMap<string, string>,
  { heard, ended }: Omit<SubscriptionEvents, 'subscribed'>,
): Subscriber {
  const { Client, options } = pool as Maker;
  if (!Client) throw new Error('the pool does not say how it makes connections');
  const client = new Client(options);
  const called = new Map<string, string>();
  client.on('error', ended);
  client.on('end', () => ended(new Error('the connection that listens has closed')));
  client.on('notification', ({ channel, payload = '' }: Notification) =>
    heard(called.get(channel) ?? channel, payload),
  );
  return {
    subscribe: async () => {
      await client.connect();
      unref(client);
      for (const [name, expression] of names) {
        const { rows } = await client.query(`SELECT ${expression} AS channel`);
        const { channel } = rows[0] as { channel: string };
        called.set(channel, name);
        await client.query(`LISTEN "${channel}"`);
      }
    },
    close: () => close(client),
  };
}

function unref(client: PostgresClient): void {
  (client as { unref?(): void }).unref?.();
}

/** Also where the other end does not answer. */
function close(client: PostgresClient): void {
  client.end().catch(() => {});
  const { connection } = client as { connection?: { stream?: { destroy?(): void } } };
  setTimeout(() => connection?.stream?.destroy?.(), END_TIMEOUT_MS).unref();
}
