import { randomUUID } from 'node:crypto';
import { readNews } from '../ends-news.js';
import { KeptSubscription } from '../kept-subscription.js';
import { PublishedEnds } from '../published-ends.js';
import type { Publisher } from '../publisher.js';
import type { EndReason, EndsListener, SessionEnds } from '../session-ends.js';
import type { RedisDriver } from './driver.js';
import { END } from './end-script.js';
import { integerReply } from './replies.js';
import { type RunScript, Script } from './script.js';

/** How often listeners ask where the servers of a Cluster, which may lose what they pass on, tell of ends. */
export const CLUSTER_ASK_MS = 30_000;

/** Ends sessions by a script that publishes what it has removed, and tells whoever listens in any process. */
export class RedisEnds implements SessionEnds {
  readonly #script = new Script(END);
  readonly #published: PublishedEnds;
  #keyPrefix: string | undefined;

  /** @param prefix of all keys, as they are sent */
  constructor(
    private readonly driver: () => RedisDriver,
    private readonly prefix: string,
    isSharded: boolean,
    private readonly run: RunScript,
  ) {
    this.#published = new PublishedEnds({
      subscribe: (hearer) =>
        new KeptSubscription('RedisBackend', publisherOf(driver), this.channel, hearer),
      read: (text) => readNews(text, this.keyPrefix),
      askEveryMs: isSharded ? CLUSTER_ASK_MS : undefined,
    });
  }

  /** Where ends are published. Whatever client others use, the keys that they have in common give it the same name. */
  get channel(): string {
    return `${this.keyPrefix}ends`;
  }

  /** Of all keys, as the server sees them. */
  get keyPrefix(): string {
    return (this.#keyPrefix ??= this.driver().addedPrefix + this.prefix);
  }

  async end(id: string, reason: EndReason): Promise<boolean> {
    const key = this.prefix + id;
    const reply = await this.run(this.#script, key, [this.channel, reason]);
    return integerReply('a script', reply) === 1;
  }

  listen(listener: EndsListener): () => void {
    return this.#published.listen(listener);
  }

  /** Tells nobody any more, and closes the connection. */
  close(): void {
    this.#published.close();
  }
}

function publisherOf(driver: () => RedisDriver): Publisher {
  return {
    subscribe: (channels, events) => driver().subscribe(channels, events),
    // By another key each time: where there are several servers, it is another one that passes it on.
    publish: (channel) => driver().send(randomUUID(), ['publish', channel, '']),
  };
}
