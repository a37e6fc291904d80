import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { describeError } from '../errors/describe-error.js';
import type { Publisher } from './publisher.js';

/**
 * How often it is made sure that what is published is heard, and how long that may take. So a connection that has fallen
 * silent is believed for twice as long at the most.
 */
export const HEARTBEAT_MS = 2000;
/** Between two tries to subscribe at first; it doubles. */
const MIN_RETRY_MS = 250;
/** Between two tries to subscribe at the most: within it, and one heartbeat, a server that is back is heard again. */
export const MAX_RETRY_MS = 2000;

/** Whoever hears what is published. */
export interface Hearer {
  /** From now on all that is published is heard. */
  begun(): void;
  heard(text: string): void;
  /** What is published now may not be heard; also where a try to subscribe has failed. */
  lost(): void;
}

/**
 * Keeps a subscription to one channel, anew whenever it breaks.
 *
 * It publishes heartbeats to a channel of its own as others publish to that one, and believes the subscription as long as it
 * hears them: it notices whatever comes between, from a frozen server to an account that may not publish.
 */
export class KeptSubscription {
  readonly #logger: Logger;
  readonly #heartbeats: string;
  #close: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  /** Whether all that is published is heard, as far as is known. */
  #isHearing = false;
  /** Whether the last heartbeat came back. */
  #isAlive = false;
  #retryMs = MIN_RETRY_MS;
  #lostAtMs = performance.now();
  #isLossLogged = false;
  /** Why the last heartbeat could not be sent. */
  #cause: unknown;

  /** @param name of the backend, for the log */
  constructor(
    name: string,
    private readonly publisher: Publisher,
    private readonly channel: string,
    private readonly hearer: Hearer,
  ) {
    this.#logger = new Logger(name);
    this.#heartbeats = `${channel}:${randomUUID()}`;
    this.#open();
  }

  get isHearing(): boolean {
    return this.#isHearing;
  }

  close(): void {
    this.#isOver = true;
    this.#isHearing = false;
    clearTimeout(this.#timer);
    this.#close?.();
    this.#close = undefined;
  }

  #open(): void {
    this.#isAlive = false;
    this.#cause = undefined;
    this.#after(HEARTBEAT_MS, () => this.#check());
    this.#close = this.publisher.subscribe([this.channel, this.#heartbeats], {
      subscribed: () => this.#beat(),
      heard: (channel, text) => {
        if (channel === this.#heartbeats) this.#beaten();
        else if (this.#isHearing) this.hearer.heard(text);
      },
      ended: (error) => this.#lose(error),
    });
  }

  #beat(): void {
    this.publisher.publish(this.#heartbeats).catch((error: unknown) => (this.#cause = error));
  }

  #beaten(): void {
    this.#isAlive = true;
    if (this.#isHearing) return;
    this.#isHearing = true;
    this.#retryMs = MIN_RETRY_MS;
    if (this.#isLossLogged) {
      this.#logger.log('Ends of sessions in other processes are heard again');
    }
    this.#isLossLogged = false;
    this.hearer.begun();
  }

  #check(): void {
    if (!this.#isAlive) return this.#lose(this.#cause ?? new Error('nothing was heard'));
    this.#isAlive = false;
    this.#after(HEARTBEAT_MS, () => this.#check());
    this.#beat();
  }

  #lose(error: unknown): void {
    this.#close?.();
    this.#close = undefined;
    if (this.#isHearing) this.#lostAtMs = performance.now();
    else this.#logLoss(error);
    this.#isHearing = false;
    this.#after(this.#retryMs, () => this.#open());
    this.#retryMs = Math.min(2 * this.#retryMs, MAX_RETRY_MS);
    this.hearer.lost();
  }

  /** A connection that is replaced at once is not worth a line. */
  #logLoss(error: unknown): void {
    if (this.#isLossLogged || performance.now() - this.#lostAtMs < HEARTBEAT_MS) return;
    this.#isLossLogged = true;
    this.#logger.warn(
      `Ends of sessions in other processes are not heard (${describeError(error)}): whoever watches sessions asks for them until they are.`,
    );
  }

  /** Does something later, after what has arrived until then is read. */
  #after(ms: number, act: () => void): void {
    clearTimeout(this.#timer);
    const timer = setTimeout(() => {
      setImmediate(() => {
        if (!this.#isOver && timer === this.#timer) act();
      });
    }, ms).unref();
    this.#timer = timer;
  }
}
