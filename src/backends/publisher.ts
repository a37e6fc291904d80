import type { SubscriptionEvents } from './subscription.js';

/** A server that passes on what is published on its channels. */
export interface Publisher {
  /**
   * Opens a connection of its own which hears what is published on channels. It does not keep the process alive, and once it
   * is over it is not opened again.
   *
   * @returns closes it, after which nothing is told
   */
  subscribe(channels: readonly string[], events: SubscriptionEvents): () => void;
  /** Publishes an empty text. */
  publish(channel: string): Promise<unknown>;
}
