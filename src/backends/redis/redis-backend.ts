import type { Cluster, Redis } from 'ioredis';
import {
  type AtomicSessionBackend,
  NEXT,
  type SessionChange,
  type SessionRecord,
  type SessionRotation,
} from '../session-backend.js';
import { Batch } from './batch.js';
import { rotateAcrossSlots } from './rotate-across-slots.js';
import { connect, disconnect } from './redis-client.js';
import { changeText, nameText, readRecordText, recordText } from './record-text.js';
import { DELETE_EMPTY, ROTATE, TAKE, TAKEN, UPDATE } from './scripts.js';

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

type Script = (...args: (string | number)[]) => Promise<unknown>;
type Scripts = Record<keyof typeof SCRIPTS, Script>;

/** One of many that are sent together: its key and what the script takes for it. */
interface Update {
  readonly key: string;
  readonly args: readonly (string | number)[];
}

/** Redis does nothing else while it runs one command: a larger batch would save little and keep others waiting. */
const MAX_BATCH = 32;

/** How long a session that was taken can be taken again: longer than a lost connection takes to be there again. */
const TAKEN_SECONDS = 60;

const SCRIPTS = {
  nestSessionUpdate: { lua: UPDATE },
  nestSessionRotate: { lua: ROTATE, numberOfKeys: 2 },
  nestSessionTake: { lua: TAKE, numberOfKeys: 1 },
  nestSessionDeleteEmpty: { lua: DELETE_EMPTY, numberOfKeys: 1 },
} as const;

/** Begins the list of fields to keep, which may be empty: metadata are kept in any case. */
const KEEP_METADATA = '$';

/**
 * Keeps sessions in Redis through ioredis: one string per session, read by one GET and changed by one Lua script that
 * does nothing when the key is gone. Every key lives as long as its session.
 */
export class RedisBackend implements AtomicSessionBackend {
  readonly #client: Redis | Cluster;
  /** The client, where it was made here and has to be closed here. */
  #owned: Redis | undefined;
  readonly #scripts: Scripts;
  readonly #prefix: string;
  readonly #gets: Batch<string, SessionRecord | null>;
  readonly #updates: Batch<Update, unknown>;
  /** Whether all keys are in one slot, so that one command may touch several of them. */
  readonly #isOneSlot: boolean;

  /** @throws TypeError where `client` is no ioredis client */
  constructor({ client, prefix = 'sess:', isSharded }: RedisBackendOptions) {
    if (typeof client?.defineCommand !== 'function' || typeof client.get !== 'function') {
      throw new TypeError(
        'RedisBackend: client must be an ioredis client: new RedisBackend({ client: new Redis(url) })',
      );
    }
    this.#client = client;
    this.#prefix = prefix;
    this.#isOneSlot = !(isSharded ?? client.isCluster) || /\{[^}]+\}/.test(prefix);
    for (const [name, script] of Object.entries(SCRIPTS)) client.defineCommand(name, script);
    this.#scripts = client as unknown as Scripts;
    const maxItems = this.#isOneSlot ? MAX_BATCH : 1;
    this.#gets = new Batch(maxItems, (keys) => this.#getAll(keys));
    this.#updates = new Batch(maxItems, (updates) => this.#updateAll(updates));
  }

  /**
   * Keeps sessions in the Redis of a URL, `redis://` or `rediss://`, over a client of its own. It reconnects by itself, and is
   * closed when the application shuts down, after running requests have saved.
   *
   * ```ts
   * SessionModule.forRoot({ secret, backend: RedisBackend.fromUrl('redis://127.0.0.1:6379') })
   * ```
   * @throws TypeError where the URL is none of Redis', Error where ioredis is not installed
   */
  static fromUrl(url: string, options: Omit<RedisBackendOptions, 'client'> = {}): RedisBackend {
    const client = connect(url);
    const backend = new RedisBackend({ ...options, client });
    backend.#owned = client;
    return backend;
  }

  /** Closes the client that `fromUrl` made; Nest calls it after the server has closed. A client of yours stays open. */
  async onApplicationShutdown(): Promise<void> {
    if (this.#owned) await disconnect(this.#owned);
  }

  get(id: string): Promise<SessionRecord | null> {
    return this.#gets.add(this.#key(id));
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

  async update(id: string, change: SessionChange, ttlSeconds: number): Promise<boolean> {
    const args = [ttlSeconds, operationText(change), changeText(change)];
    return (await this.#updates.add({ key: this.#key(id), args })) === 1;
  }

  touch(id: string, ttlSeconds: number, seen: string): Promise<boolean> {
    return this.update(id, { set: { $seen: seen }, remove: [], increment: {} }, ttlSeconds);
  }

  async rotate(
    id: string,
    newId: string,
    rotation: SessionRotation,
    ttlSeconds: number,
  ): Promise<boolean> {
    const { keep, graceSeconds = 0 } = rotation;
    if (!this.#isOneSlot) {
      const take = () => this.#take(id, newId, graceSeconds);
      return rotateAcrossSlots(this, [id, newId], rotation, ttlSeconds, take);
    }
    const change = [operationText(rotation), changeText(rotation)];
    const kept = keep ? [KEEP_METADATA, ...keep.map(nameText)] : [];
    const args = [ttlSeconds, ...change, graceSeconds, leadTo(newId), ...kept];
    return answer(this.#scripts.nestSessionRotate(this.#key(id), this.#key(newId), ...args));
  }

  deleteEmpty(id: string): Promise<boolean> {
    return answer(this.#scripts.nestSessionDeleteEmpty(this.#key(id)));
  }

  #take(id: string, newId: string, graceSeconds: number): Promise<string | null> {
    const [mark, seconds] = graceSeconds > 0 ? [NEXT, graceSeconds] : [TAKEN, TAKEN_SECONDS];
    return clean(
      this.#scripts.nestSessionTake(this.#key(id), recordText({ [mark]: newId }), seconds),
    ) as Promise<string | null>;
  }

  async #getAll(keys: string[]): Promise<(SessionRecord | null)[]> {
    if (keys.length > 1) return (await clean(this.#client.mget(keys))).map(recordOrNull);
    return [recordOrNull(await clean(this.#client.get(keys[0]!)))];
  }

  #updateAll(updates: Update[]): Promise<unknown[]> {
    const keys = updates.map(({ key }) => key);
    const args = updates.flatMap((update) => update.args);
    return clean(this.#scripts.nestSessionUpdate(keys.length, ...keys, ...args)) as Promise<
      unknown[]
    >;
  }

  #key(id: string): string {
    return this.#prefix + id;
  }
}

function recordOrNull(text: string | null): SessionRecord | null {
  if (text === null) return null;
  const record = readRecordText(text);
  if (Object.hasOwn(record, TAKEN)) return null;
  const next = record[NEXT];
  return next === undefined ? record : { [NEXT]: next };
}

/** The record that leads to another id. */
function leadTo(id: string): string {
  return recordText({ [NEXT]: id });
}

function operationText({ operation }: SessionChange): string {
  return operation === undefined ? '' : nameText(operation);
}

async function answer(reply: Promise<unknown>): Promise<boolean> {
  return (await clean(reply)) === 1;
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
