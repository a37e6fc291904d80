import { applyChange, checkDeadline } from '../apply-change.js';
import { LocalEnds, WATCH_INTERVAL_MS } from '../local-ends.js';
import {
  type AtomicSessionBackend,
  EMPTY_MS,
  type Lifetime,
  type SessionChange,
  type SessionRecord,
  type UpdateResult,
} from '../session-backend.js';
import type { TellingBackend } from '../session-ends.js';
import { isSessionId } from '../session-id.js';
import { ttlSeconds } from '../session-record.js';
import type { SharedBackend } from '../shared-backend.js';
import { ChangeGroups, type WaitingChange } from './change-groups.js';
import { Items, TooLargeError } from './items.js';
import { checkClient, type MemcachedClient } from './memcached-client.js';
import { OwnedClient } from './owned-client.js';

/** What {@link MemcachedBackend} takes. */
export interface MemcachedBackendOptions {
  /** A `MemcacheClient` of memcache-client, with one server. It stays yours: it is not shut down here. */
  client: MemcachedClient;
  /** Begins every key: printable ASCII without spaces. Default `'sess:'`. */
  prefix?: string;
}

type ServerOptions = Omit<MemcachedBackendOptions, 'client'>;

/** How often a change is tried while other processes write the same session: each time one of them has got on. */
const MAX_TRIES = 100;

const GONE: UpdateResult = { status: 'gone' };

/**
 * Keeps sessions in memcached: one item per session, changed by compare-and-swap, so that parallel requests are safe across
 * processes. memcached is a cache: it forgets sessions when it is full, and all when it is restarted.
 */
export class MemcachedBackend implements AtomicSessionBackend, TellingBackend, SharedBackend {
  readonly ends = new LocalEnds((id) => this.#remove(id), WATCH_INTERVAL_MS);
  /** The client that is made and closed here. */
  readonly #owned: OwnedClient | undefined;
  readonly #items: Items;
  readonly #changes = new ChangeGroups((id, group) => this.#apply(id, group));

  /** @throws TypeError where `client` is none, or `prefix` can't begin a key */
  constructor(options: MemcachedBackendOptions);
  /** @internal */
  constructor(options: ServerOptions, owned: OwnedClient);
  constructor({ client, prefix = 'sess:' }: Partial<MemcachedBackendOptions>, owned?: OwnedClient) {
    if (!owned) checkClient(client);
    checkPrefix(prefix);
    this.#owned = owned;
    this.#items = new Items(owned ?? { client: client! }, prefix);
  }

  /**
   * Keeps sessions in the memcached at `host:port`, over a client of its own: it connects when it is first asked, again after
   * a failure, and is closed when the last application that uses it has ended.
   * @throws TypeError where it is no address
   */
  static fromServer(server: string, options: ServerOptions = {}): MemcachedBackend {
    return new MemcachedBackend(options, new OwnedClient(server));
  }

  /** The module calls it when an application starts. */
  acquire(): void {
    this.#owned?.acquire();
  }

  /** Closes the client of `fromServer` when nobody uses it any more. A client of yours stays open. */
  release(): void {
    this.#owned?.release();
  }

  async get(id: string): Promise<SessionRecord | null> {
    const item = isSessionId(id) ? await this.#items.read(id) : undefined;
    return item?.record ?? null;
  }

  /** Not by `set` of memcached, which forgets what it had where the new does not fit. */
  async set(id: string, record: SessionRecord, ttl: number): Promise<void> {
    checkId(id);
    await this.#tryUntil(async () => {
      const item = await this.#items.read(id);
      if (!item) return this.#items.add(id, record, ttl);
      return this.#items.replace(id, { ...item, record }, ttl);
    });
  }

  async delete(id: string): Promise<void> {
    if (isSessionId(id)) await this.#items.remove(id);
  }

  async create(
    id: string,
    record: SessionRecord,
    ttl: number,
    deadlineMs = Infinity,
  ): Promise<boolean> {
    checkId(id);
    checkDeadline(Date.now(), deadlineMs);
    return this.#items.add(id, record, ttl);
  }

  async update(
    id: string,
    change: SessionChange,
    lifetime: Lifetime,
    deadlineMs = Infinity,
  ): Promise<UpdateResult> {
    return isSessionId(id) ? this.#changes.add(id, change, lifetime, deadlineMs) : GONE;
  }

  async #apply(id: string, group: WaitingChange[]): Promise<void> {
    try {
      await this.#tryUntil(() => this.#tryToApply(id, group));
    } catch (error) {
      if (!(error instanceof TooLargeError) || group.length === 1) throw error;
      // What one of them adds is no reason to refuse the others.
      for (const each of group) await this.#apply(id, [each]).catch(each.reject);
    }
  }

  /** Whether the changes are settled. Otherwise somebody else has written the session: it has to be read again. */
  async #tryToApply(id: string, group: WaitingChange[]): Promise<boolean> {
    const item = await this.#items.read(id);
    const nowMs = Date.now();
    let ttl: number | undefined;
    const settle = group.map((each) => {
      if (!item) return () => each.resolve(GONE);
      const { change, lifetime, deadlineMs } = each;
      try {
        const { result, tell } = this.ends.changing(id, item.record, lifetime, () =>
          applyChange(item.record, change, lifetime, nowMs, deadlineMs),
        );
        if (result.status !== 'gone') {
          const seconds = ttlSeconds(item.record, lifetime, nowMs);
          ttl = result.isEmpty ? Math.min(seconds, EMPTY_MS / 1000) : seconds;
        }
        return () => {
          tell();
          each.resolve(result);
        };
      } catch (error) {
        return () => each.reject(error);
      }
    });
    if (ttl !== undefined && !(await this.#items.replace(id, item!, ttl))) return false;
    for (const run of settle) run();
    return true;
  }

  async #tryUntil(attempt: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries++) if (await attempt()) return;
    throw new Error(`others wrote the session each of the ${MAX_TRIES} times that it was tried`);
  }

  async #remove(id: string): Promise<SessionRecord | null> {
    const item = isSessionId(id) ? await this.#items.read(id) : undefined;
    return item && (await this.#items.remove(id)) ? item.record : null;
  }
}

function checkId(id: string): void {
  if (!isSessionId(id)) throw new TypeError('a session can’t be stored under what is no id');
}

/** A key has at most 250 bytes, 22 of which are the session's id. */
function checkPrefix(prefix: unknown): void {
  if (typeof prefix === 'string' && /^[\x21-\x7e]{0,228}$/.test(prefix)) return;
  throw new TypeError(
    `MemcachedBackend: prefix can’t begin a key. Write at most 228 characters of printable ASCII without spaces, such as 'sess:'.`,
  );
}
