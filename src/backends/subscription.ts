/** What becomes of a subscription. */
export interface SubscriptionEvents {
  /** The server has confirmed every channel. */
  subscribed(): void;
  heard(channel: string, text: string): void;
  /** It is over: it could not be opened, or has broken. */
  ended(error: unknown): void;
}

/** How long a connection that subscribes may take to be there. */
export const CONNECT_TIMEOUT_MS = 2000;

/** A client that was made for one subscription, and does not connect again by itself. */
export interface Subscriber {
  /** Connects it, and subscribes. */
  subscribe(): Promise<unknown>;
  close(): void;
}

/** Makes a subscriber that tells what it hears, and that its connection has ended. */
export type MakeSubscriber = (
  events: Omit<SubscriptionEvents, 'subscribed'>,
) => Subscriber | Promise<Subscriber>;

/**
 * Opens a subscription by a subscriber of its own, and tells its end once, whichever way the client tells it.
 *
 * @returns closes it
 */
export function openSubscription(events: SubscriptionEvents, make: MakeSubscriber): () => void {
  let subscriber: Subscriber | undefined;
  let isOver = false;
  const close = () => {
    isOver = true;
    subscriber?.close();
  };
  const ended = (error: unknown) => {
    if (isOver) return;
    close();
    events.ended(error);
  };
  const heard = (channel: string, text: string) => {
    if (!isOver) events.heard(channel, text);
  };
  const open = async () => {
    subscriber = await make({ heard, ended });
    if (isOver) return subscriber.close();
    await subscriber.subscribe();
    if (!isOver) events.subscribed();
  };
  open().catch(ended);
  return close;
}
