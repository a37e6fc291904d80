import type { SubscriptionEvents } from '../subscription.js';

/** A command's name and arguments, as Redis gets them. */
export type RedisCommand = readonly [name: string, ...args: string[]];

/** What the backend needs of a client of Redis, whichever it is. */
export interface RedisDriver {
  /** Whether keys are spread over several servers, as far as the client knows. */
  readonly isSharded: boolean;
  /** What the application's other keys begin with by a setting of its client, and ours do not unless we write it. */
  readonly keyPrefix: string;
  /** What the client puts before each key by itself, and before no channel. */
  readonly addedPrefix: string;
  /** Why there is no connection, with the host, until it is mended. */
  readonly lastError: Error | undefined;
  /**
   * Sends one command and gives its reply: text as strings, and errors within a list as `Error`s in their places.
   *
   * @param key one that the command touches, for clients that find the server by it
   * @throws Error of the client, with no arguments of the command on it
   */
  send(key: string, command: RedisCommand): Promise<unknown>;
  /**
   * Opens a connection of its own, with the client's settings, which hears what is published on channels. It does not keep
   * the process alive, and once it is over it is not opened again.
   *
   * @returns closes it, after which nothing is told
   */
  subscribe(channels: readonly string[], events: SubscriptionEvents): () => void;
}
