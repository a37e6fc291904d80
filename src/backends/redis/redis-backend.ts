import type { Cluster, Redis } from './ioredis.cjs';
import type {
  AtomicSessionBackend,
  Lifetime,
  SessionChange,
  SessionRecord,
  UpdateResult,
} from '../session-backend.js';
import type { SharedBackend } from '../shared-backend.js';
import { Batch } from './batch.js';
import { ConnectionErrors } from './connection-errors.js';
import { OwnedClient } from './redis-client.js';
import { changeText, escaped, namesText, readRecordText, recordText, UNIT } from './record-text.js';
import { NOW, readUpdateReply, UPDATE, type UpdateReply, updateReply } from './scripts.js';
import { ServerClock } from './server-clock.js';

export interface RedisBackendOptions {
  /** An ioredis 6 client, single, Sentinel or Cluster. It stays yours: it is never closed here. */
  client: Redis | Cluster;
  /** Begins every key. Default `'sess:'`. */
  prefix?: string;
  /**
   * Whether keys are spread over several servers, so that one command may touch one session only. Default: whether the
   * client is a `Cluster`. Write `true` where a proxy (Envoy, twemproxy, Redis Enterprise) spreads them behind one address.
   */
  isSharded?: boolean;
}

type RedisUrlOptions = Omit<RedisBackendOptions, 'client'>;

type Script = (...args: (string | number)[]) => Promise<unknown>;
type Scripts = Record<keyof typeof SCRIPTS, Script>;

/** What the script takes for one session: few, because each argument costs ioredis time. */
type UpdateArguments = readonly [head: string, keep: string, change: string];

/** One of many that are sent together. */
interface Update {
  readonly key: string;
  readonly args: UpdateArguments;
}

/** Redis does nothing else while it runs one command: a larger batch would save little and keep others waiting. */
const MAX_BATCH = 32;

const SCRIPTS = {
  nestSessionUpdate: { lua: UPDATE },
  nestSessionNow: { lua: NOW, numberOfKeys: 1 },
} as const;

/**
 * Keeps sessions in Redis through ioredis: one string per session, read by one GET and changed by one Lua script that
 * does nothing when the key is gone. Every key lives as long as its session.
 */
export class RedisBackend implements AtomicSessionBackend, SharedBackend {
  /** The client that is made and closed here. */
  readonly #owned: OwnedClient | undefined;
  readonly #connection: { readonly client: Redis | Cluster };
  readonly #prefix: string;
  readonly #gets: Batch<string, SessionRecord | null>;
  readonly #updates: Batch<Update, UpdateReply>;
  readonly #clock = new ServerClock(() => clean(this.#scripts.nestSessionNow(this.#key('now'))));

  /** @throws TypeError where `client` is no ioredis client */
  constructor(options: RedisBackendOptions);
  /** @internal */
  constructor(options: RedisUrlOptions, owned: OwnedClient);
  constructor(
    { client, prefix = 'sess:', isSharded }: Partial<RedisBackendOptions>,
    owned?: OwnedClient,
  ) {
    this.#owned = owned;
    this.#connection = owned ?? { client: prepared(client) };
    this.#prefix = prefix;
    const isOneSlot = !(isSharded ?? client?.isCluster) || /\{[^}]+\}/.test(prefix);
    const maxItems = isOneSlot ? MAX_BATCH : 1;
    this.#gets = new Batch(maxItems, (keys) => this.#getAll(keys));
    this.#updates = new Batch(maxItems, (updates) => this.#updateAll(updates));
  }

  /**
   * Keeps sessions in the Redis of a URL, `redis://` or `rediss://`, over a client of its own: it connects when an
   * application that uses it starts, reconnects by itself, and is closed when that shuts down, after running requests have
   * saved. Another application may use it then, or at the same time.
   *
   * ```ts
   * SessionModule.forRoot({ secret, backend: RedisBackend.fromUrl('redis://127.0.0.1:6379') })
   * ```
   * @throws TypeError where the URL is none of Redis', Error where ioredis is not installed
   */
  static fromUrl(url: string, options: RedisUrlOptions = {}): RedisBackend {
    return new RedisBackend(options, new OwnedClient(url, prepared));
  }

  /** Connects the client that `fromUrl` makes. The module calls it when an application starts. */
  acquire(): void {
    this.#owned?.acquire();
  }

  /** Closes that client when nobody uses it any more. A client of yours stays open. */
  async release(): Promise<void> {
    await this.#owned?.release();
  }

  /** Redis' own clock, as far as it is known. */
  now(): number {
    return this.#clock.now();
  }

  syncClock(): Promise<void> | undefined {
    return this.#clock.sync();
  }

  /** Of its connection, with the host, until it is mended. */
  get lastError(): unknown {
    return ConnectionErrors.of(this.#client).last;
  }

  get(id: string): Promise<SessionRecord | null> {
    const syncing = this.syncClock();
    return syncing ? syncing.then(() => this.#get(id)) : this.#get(id);
  }

  async set(id: string, record: SessionRecord, ttlSeconds: number): Promise<void> {
    await clean(this.#client.set(this.#key(id), recordText(record), 'EX', ttlSeconds));
  }

  async delete(id: string): Promise<void> {
    await clean(this.#client.del(this.#key(id)));
  }

  async create(id: string, record: SessionRecord, ttlSeconds: number): Promise<boolean> {
    const text = recordText(record);
    return (await clean(this.#client.set(this.#key(id), text, 'EX', ttlSeconds, 'NX'))) === 'OK';
  }

  async update(
    id: string,
    change: SessionChange,
    lifetime: Lifetime,
    deadlineMs = Infinity,
  ): Promise<UpdateResult> {
    const args = updateArguments(change, lifetime, deadlineMs);
    const result = readUpdateReply(await this.#updates.add({ key: this.#key(id), args }));
    if (result !== 'late') return result;
    this.#clock.doubt();
    throw new Error('the change came to Redis too late to be applied');
  }

  #get(id: string): Promise<SessionRecord | null> {
    return this.#gets.add(this.#key(id));
  }

  /** By MGET also where it is one: a key of another type is no session then, and no error. */
  async #getAll(keys: string[]): Promise<(SessionRecord | null)[]> {
    const texts = await clean(this.#client.mget(keys));
    return texts.map((text) => (text === null ? null : readRecordText(text)));
  }

  async #updateAll(updates: Update[]): Promise<UpdateReply[]> {
    const args: (string | number)[] = [updates.length];
    for (const { key } of updates) args.push(key);
    for (const update of updates) args.push(...update.args);
    const replies = (await clean(this.#scripts.nestSessionUpdate(...args))) as unknown[];
    return updates.map((_, index) => updateReply(replies[2 * index], replies[2 * index + 1]));
  }

  #key(id: string): string {
    return this.#prefix + id;
  }

  get #client(): Redis | Cluster {
    return this.#connection.client;
  }

  get #scripts(): Scripts {
    return this.#connection.client as unknown as Scripts;
  }
}

/** A client that knows the scripts. @throws TypeError where it is none of ioredis */
function prepared<T extends Redis | Cluster>(client: T | undefined): T {
  if (typeof client?.defineCommand !== 'function' || typeof client.get !== 'function') {
    throw new TypeError(
      'RedisBackend: client must be an ioredis client: new RedisBackend({ client: new Redis(url) })',
    );
  }
  for (const [name, script] of Object.entries(SCRIPTS)) client.defineCommand(name, script);
  // From here on it notes why it has no connection.
  ConnectionErrors.of(client);
  return client;
}

/** In the order in which the script takes them. */
function updateArguments(
  change: SessionChange,
  { idleMs, absoluteMs }: Lifetime,
  deadlineMs: number,
): UpdateArguments {
  const { generation, hash, secret, isUse, operation = '', keep } = change;
  const head = [
    deadlineMs,
    idleMs,
    absoluteMs,
    escaped(generation),
    escaped(hash),
    isUse ? 1 : 0,
    secret?.hash ?? '',
    secret?.generation ?? '',
    secret?.graceMs ?? 0,
    escaped(operation),
    '',
  ].join(UNIT);
  return [head, namesText(keep), changeText(change)];
}

/** ioredis attaches the command to its errors, with the session's values: they must not reach a log. */
async function clean<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    delete (error as { command?: unknown }).command;
    throw error;
  }
}
