import { WATCH_INTERVAL_MS } from './local-ends.js';
import type { Hearer, KeptSubscription } from './kept-subscription.js';
import type { EndsListener, EndsNews } from './session-ends.js';

export interface PublishedEndsOptions {
  /** Opens the subscription, when somebody listens. */
  subscribe(hearer: Hearer): KeptSubscription;
  /** Reads what was published. */
  read(text: string): EndsNews | undefined;
  /** How often listeners ask also while all is heard: where servers may lose what they pass on. */
  readonly askEveryMs?: number | undefined;
}

/** Tells listeners what is published of ends, and has them ask for as long as it is not heard. */
export class PublishedEnds {
  readonly #listeners = new Set<EndsListener>();
  #subscription: KeptSubscription | undefined;
  /** Whether that has heard something so far. */
  #hasBegun = false;
  /** Has listeners ask, now and then. */
  #asking: NodeJS.Timeout | undefined;
  #askMs: number | undefined;

  constructor(private readonly options: PublishedEndsOptions) {}

  listen(listener: EndsListener): () => void {
    this.#listeners.add(listener);
    // Until something is known of a new subscription, that calls it.
    if (this.#subscription?.isHearing || this.#asking) {
      queueMicrotask(() => this.#listeners.has(listener) && listener.missed());
    }
    this.#subscription ??= this.options.subscribe({
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
    this.#askEvery(this.options.askEveryMs);
    this.#missed();
  }

  #heard(text: string): void {
    const news = this.options.read(text);
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
