import type {
  AtomicSessionBackend,
  Lifetime,
  SessionChange,
  SessionRecord,
  UpdateResult,
} from '../session-backend.js';
import type { IndexedBackend } from '../principal-index.js';
import type { TellingBackend } from '../session-ends.js';
import { Batch } from '../batch.js';
import { ServerClock } from '../server-clock.js';
import type { SharedBackend } from '../shared-backend.js';
import type { RedisDriver } from './driver.js';
import { driverOf, type RedisClient } from './driver-of.js';
import { ownedClient, type OwnedClient } from './redis-client.js';
import { readRecordText, recordText } from '../record-text.js';
import { RedisEnds } from './redis-ends.js';
import { RedisPrincipalIndex } from './redis-principal-index.js';
import { integerReply, listReply, okReply, textReply } from './replies.js';
import { Script } from './script.js';
import { CREATE, NOW } from './scripts.js';
import { UpdateBatch } from './update-batch.js';
import { readUpdateReply, updateArguments } from './update-call.js';

/** What {@link RedisBackend} takes. */
export interface RedisBackendOptions {
  /**
   * A client of yours: of ioredis or iovalkey (single, Sentinel, Cluster), or of node-redis 5 or 6 (client, pool, cluster,
   * sentinel). It stays yours: it is neither opened nor closed here.
   */
  client: RedisClient;
  /** Begins every key. Default `'sess:'`. */
  prefix?: string;
  /**
   * Whether keys are spread over several servers, so that one command may touch one session only. Default: whether the
   * client is a cluster's. Write `true` where a proxy (Envoy, twemproxy, Redis Enterprise) spreads them behind one address.
   */
  isSharded?: boolean;
}

type RedisUrlOptions = Omit<RedisBackendOptions, 'client'>;

/** Redis does nothing else while it runs one command: a larger batch would save little and keep others waiting. */
const MAX_BATCH = 32;

/**
 * Keeps sessions in Redis: one string per session, read by one GET and changed by one Lua script that
 * does nothing when the key is gone. Every key lives as long as its session.
 */
export class RedisBackend
  implements AtomicSessionBackend, IndexedBackend, TellingBackend, SharedBackend
{
  readonly principals: RedisPrincipalIndex;
  readonly ends: RedisEnds;
  /** The client that is made and closed here. */
  readonly #owned: OwnedClient | undefined;
  readonly #driverOf: () => RedisDriver;
  readonly #prefix: string;
  readonly #gets: Batch<string, SessionRecord | null>;
  readonly #updates: UpdateBatch;
  readonly #createScript = new Script(CREATE);
  readonly #nowScript = new Script(NOW);
  readonly #clock = new ServerClock(async () =>
    integerReply('a script', await this.#run(this.#nowScript, [this.#key('now')], [])),
  );

  /** @throws TypeError where `client` is none of a known kind, which says what it lacks */
  constructor(options: RedisBackendOptions);
  /** @internal */
  constructor(options: RedisUrlOptions, owned: OwnedClient);
  constructor(
    { client, prefix = 'sess:', isSharded }: Partial<RedisBackendOptions>,
    owned?: OwnedClient,
  ) {
    this.#owned = owned;
    const driver = owned ? undefined : driverOf(client);
    this.#driverOf = owned ? () => owned.client.driver : () => driver!;
    this.#prefix = (driver?.keyPrefix ?? '') + prefix;
    const run = (script: Script, key: string, args: string[]) => this.#run(script, [key], args);
    this.principals = new RedisPrincipalIndex(this.#prefix, run);
    const isSpread = isSharded ?? driver?.isSharded ?? false;
    this.ends = new RedisEnds(() => this.#driver, this.#prefix, isSpread, run);
    const isOneSlot = !isSpread || /\{[^}]+\}/.test(this.#prefix);
    const maxItems = isOneSlot ? MAX_BATCH : 1;
    this.#gets = new Batch(maxItems, (keys) => this.#getAll(keys));
    this.#updates = new UpdateBatch(maxItems, this.ends, (...call) => this.#run(...call));
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
    return new RedisBackend(options, ownedClient(url));
  }

  /** Connects the client that `fromUrl` makes. The module calls it when an application starts. */
  acquire(): void {
    this.#owned?.acquire();
  }

  /** Closes that client when nobody uses it any more. A client of yours stays open. */
  async release(): Promise<void> {
    const closing = this.#owned?.release();
    if (this.#owned?.isClosed) this.ends.close();
    await closing;
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
    return this.#driver.lastError;
  }

  get(id: string): Promise<SessionRecord | null> {
    const syncing = this.syncClock();
    return syncing ? syncing.then(() => this.#get(id)) : this.#get(id);
  }

  async set(id: string, record: SessionRecord, ttlSeconds: number): Promise<void> {
    const key = this.#key(id);
    const command = ['set', key, recordText(record), 'EX', String(ttlSeconds)] as const;
    okReply('SET', await this.#driver.send(key, command));
  }

  async delete(id: string): Promise<void> {
    const key = this.#key(id);
    integerReply('DEL', await this.#driver.send(key, ['del', key]));
  }

  async create(
    id: string,
    record: SessionRecord,
    ttlSeconds: number,
    deadlineMs = Infinity,
  ): Promise<boolean> {
    const args = [recordText(record), String(ttlSeconds), String(deadlineMs)];
    const reply = await this.#run(this.#createScript, [this.#key(id)], args);
    const status = integerReply('a script', reply);
    if (status < 0) throw this.#late(deadlineMs);
    return status === 1;
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
    throw this.#late(deadlineMs);
  }

  /** What comes back from a stall is late by this process' clock as well. */
  #late(deadlineMs: number): Error {
    if (this.now() <= deadlineMs) this.#clock.doubt();
    return new Error('the change came to Redis too late to be applied');
  }

  #get(id: string): Promise<SessionRecord | null> {
    return this.#gets.add(this.#key(id));
  }

  /** By MGET also where it is one: a key of another type is no session then, and no error. */
  async #getAll(keys: string[]): Promise<(SessionRecord | null)[]> {
    const reply = await this.#driver.send(keys[0]!, ['mget', ...keys]);
    return listReply('MGET', reply, keys.length).map((each) => {
      const text = textReply('MGET', each);
      return text === null ? null : readRecordText(text);
    });
  }

  #key(id: string): string {
    return this.#prefix + id;
  }

  #run(script: Script, keys: string[], args: string[]): Promise<unknown> {
    return script.run(this.#driver, keys[0]!, [String(keys.length), ...keys, ...args]);
  }

  get #driver(): RedisDriver {
    return this.#driverOf();
  }
}
