import { readRecordText, recordText } from '../record-text.js';
import type { SessionRecord } from '../session-backend.js';
import type { MemcachedClient } from './memcached-client.js';

/** A session as memcached has it. */
export interface Item {
  readonly record: SessionRecord;
  /** Changes with each write of the item. */
  readonly casUniq: string | number;
}

/** Longer lives memcached takes for the time at which the item ends. */
const MAX_RELATIVE_S = 30 * 24 * 60 * 60;
/** The last such time. Later ones are given as never: the record's own times decide. */
const LAST_TIME_S = 2 ** 31 - 1;

/** What memcached answers where it does not store: the client gives it as an error. */
const NOT_STORED = ['NOT_STORED', 'EXISTS', 'NOT_FOUND'];

/** The session would not fit into an item. */
export class TooLargeError extends Error {
  constructor(cause: unknown) {
    super(
      'the session is too large for memcached, whose items hold 1 MB unless its option -I says more',
      { cause },
    );
  }
}

/** Sessions in memcached, one item each, by what a `MemcacheClient` can do. */
export class Items {
  constructor(
    private readonly connection: { readonly client: MemcachedClient },
    private readonly prefix: string,
  ) {}

  async read(id: string): Promise<Item | undefined> {
    const found = (await this.#client.gets(this.prefix + id)) as
      { value: unknown; casUniq: string | number } | undefined;
    if (!found) return undefined;
    const { value, casUniq } = found;
    if (Number(casUniq) === 0) {
      throw new Error(
        'memcached runs with its option -C, by which it would lose writes: start it without',
      );
    }
    return { record: typeof value === 'string' ? readRecordText(value) : {}, casUniq };
  }

  /** Whether there was none, so that it is stored. */
  async add(id: string, record: SessionRecord, ttlSeconds: number): Promise<boolean> {
    const lifetime = lifetimeOf(ttlSeconds);
    return isStored(this.#client.add(this.prefix + id, recordText(record), { lifetime }));
  }

  /** Whether nobody else has written or removed it since it was read, so that it is stored. */
  async replace(id: string, { record, casUniq }: Item, ttlSeconds: number): Promise<boolean> {
    const options = { lifetime: lifetimeOf(ttlSeconds), casUniq };
    return isStored(this.#client.cas(this.prefix + id, recordText(record), options));
  }

  /** Whether it was there. */
  async remove(id: string): Promise<boolean> {
    return isStored(this.#client.delete(this.prefix + id));
  }

  get #client(): MemcachedClient {
    return this.connection.client;
  }
}

async function isStored(answer: Promise<unknown>): Promise<boolean> {
  try {
    await answer;
    return true;
  } catch (error) {
    const { message } = error as Error;
    if (NOT_STORED.includes(message)) return false;
    throw /too large/.test(message) ? new TooLargeError(error) : error;
  }
}

/** With a second more: memcached counts those of a clock of its own, by which an item may end that much early. */
function lifetimeOf(ttlSeconds: number): number {
  const seconds = ttlSeconds + 1;
  if (seconds <= MAX_RELATIVE_S) return seconds;
  const endsAt = Math.ceil(Date.now() / 1000) + seconds;
  return endsAt <= LAST_TIME_S ? endsAt : 0;
}
