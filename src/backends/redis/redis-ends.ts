import { WATCH_INTERVAL_MS } from '../local-ends.js';
import type { EndReason, EndsListener, SessionEnds } from '../session-ends.js';
import type { RedisDriver } from './driver.js';
import { END } from './end-script.js';
import { readNews } from './ends-news.js';
import { KeptSubscription } from './kept-subscription.js';
import { integerReply } from './replies.js';
import { type RunScript, Script } from './script.js';

/** How often listeners ask where the servers of a Cluster, which may lose what they pass on, tell of ends. */
export const CLUSTER_ASK_MS = 30_000;

/** Ends sessions by a script that publishes what it has removed, and tells whoever listens in any process. */
export class RedisEnds implements SessionEnds {
  readonly #script = new Script(END);
  readonly #listeners = new Set<EndsListener>();
  #subscription: KeptSubscription | undefined;
  /** Whether that has heard something so far. */
  #hasBegun = false;
  /** Has listeners ask, now and then. */
  #asking: NodeJS.Timeout | undefined;
  #askMs: number | undefined;
  #keyPrefix: string | undefined;

  /** @param prefix of all keys, as they are sent */
  constructor(
    private readonly driver: () => RedisDriver,
    private readonly prefix: string,
    private readonly isSharded: boolean,
    private readonly run: RunScript,
  ) {}

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
    this.#listeners.add(listener);
    // Until something is known of a new subscription, that calls it.
    if (this.#subscription?.isHearing || this.#asking) {
      queueMicrotask(() => this.#listeners.has(listener) && listener.missed());
    }
    this.#subscription ??= new KeptSubscription(this.driver, this.channel, {
      begun: () => this.#begun(),
      heard: (text) => this.#heard(text),
      lost: () => this.#lost(),
    });
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.close();
    };
  }

  /** Tells nobody any more, and closes the connection. */
  close(): void {
    this.#listeners.clear();
    this.#askEvery(undefined);
    this.#subscription?.close();
    this.#subscription = undefined;
    this.#hasBegun = false;
  }

  #begun(): void {
    this.#hasBegun = true;
    this.#askEvery(this.isSharded ? CLUSTER_ASK_MS : undefined);
    this.#missed();
  }

  #heard(text: string): void {
    const news = readNews(text, this.keyPrefix);
    if (news) for (const listener of this.#listeners) listener.tell(news);
  }

  /** What is heard again at once is not asked for in between, unless nobody has asked so far. */
  #lost(): void {
    if (this.#askMs === WATCH_INTERVAL_MS) return;
    const isFirst = !this.#hasBegun;
    this.#askEvery(WATCH_INTERVAL_MS);
    if (isFirst) this.#missed();
  }

  #missed(): void {
    for (const listener of this.#listeners) listener.missed();
  }

  #askEvery(ms: number | undefined): void {
    clearInterval(this.#asking);
    this.#askMs = ms;
    this.#asking = ms === undefined ? undefined : setInterval(() => this.#missed(), ms).unref();
  }
}
