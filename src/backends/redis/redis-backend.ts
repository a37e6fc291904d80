import type { Cluster, Redis } from 'ioredis';
import type {
  AtomicSessionBackend,
  SessionChange,
  SessionRecord,
  SessionRotation,
} from '../session-backend.js';
import { applyRotation, isSession } from '../session-change.js';
import { CREATE, DELETE_EMPTY, ROTATE, SET, TAKE, UPDATE } from './scripts.js';

export interface RedisBackendOptions {
  /** An ioredis 6 client, single, Sentinel or Cluster. It stays yours: it is never closed here. */
  client: Redis | Cluster;
  /** Begins every key. Default `'sess:'`. */
  prefix?: string;
}

type Script = (...args: (string | number)[]) => Promise<unknown>;
type Scripts = Record<keyof typeof SCRIPTS, Script>;

const SCRIPTS = {
  nestSessionCreate: { lua: CREATE, numberOfKeys: 1 },
  nestSessionSet: { lua: SET, numberOfKeys: 1 },
  nestSessionUpdate: { lua: UPDATE, numberOfKeys: 1 },
  nestSessionRotate: { lua: ROTATE, numberOfKeys: 2 },
  nestSessionTake: { lua: TAKE, numberOfKeys: 1 },
  nestSessionDeleteEmpty: { lua: DELETE_EMPTY, numberOfKeys: 1 },
} as const;

const NO_CHANGE = { remove: [], increment: {} };

/**
 * Keeps sessions in Redis through ioredis: one HASH per session, read by one HGETALL and changed by one Lua script that
 * does nothing when the key is gone. Every key lives as long as its session.
 */
export class RedisBackend implements AtomicSessionBackend {
  readonly #client: Redis | Cluster;
  readonly #scripts: Scripts;
  readonly #prefix: string;
  /** Whether all keys are in one slot, so that one script may touch two of them. */
  readonly #isOneSlot: boolean;

  /** @throws TypeError where `client` is no ioredis client */
  constructor({ client, prefix = 'sess:' }: RedisBackendOptions) {
    if (typeof client?.defineCommand !== 'function' || typeof client.hgetall !== 'function') {
      throw new TypeError(
        'RedisBackend: client must be an ioredis client: new RedisBackend({ client: new Redis(url) })',
      );
    }
    this.#client = client;
    this.#prefix = prefix;
    this.#isOneSlot = !client.isCluster || /\{[^}]+\}/.test(prefix);
    for (const [name, script] of Object.entries(SCRIPTS)) client.defineCommand(name, script);
    this.#scripts = client as unknown as Scripts;
  }

  get(id: string): Promise<SessionRecord | null> {
    return this.#client.hgetall(this.#key(id)).then(sessionOrNull);
  }

  async set(id: string, record: SessionRecord, ttlSeconds: number): Promise<void> {
    const change = changeArguments({ set: record, ...NO_CHANGE });
    await clean(this.#scripts.nestSessionSet(this.#key(id), ttlSeconds, ...change));
  }

  async delete(id: string): Promise<void> {
    await clean(this.#client.del(this.#key(id)));
  }

  create(id: string, record: SessionRecord, ttlSeconds: number): Promise<boolean> {
    const change = changeArguments({ set: record, ...NO_CHANGE });
    return answer(this.#scripts.nestSessionCreate(this.#key(id), ttlSeconds, ...change));
  }

  update(id: string, change: SessionChange, ttlSeconds: number): Promise<boolean> {
    return answer(
      this.#scripts.nestSessionUpdate(this.#key(id), ttlSeconds, ...changeArguments(change)),
    );
  }

  touch(id: string, ttlSeconds: number, seen: string): Promise<boolean> {
    return this.update(id, { set: { $seen: seen }, ...NO_CHANGE }, ttlSeconds);
  }

  async rotate(
    id: string,
    newId: string,
    rotation: SessionRotation,
    ttlSeconds: number,
  ): Promise<boolean> {
    if (!this.#isOneSlot) return this.#rotateAcrossSlots(id, newId, rotation, ttlSeconds);
    const { keep, graceSeconds = 0 } = rotation;
    const kept = keep ? [keep.length, ...keep] : [-1];
    const args = [this.#key(id), this.#key(newId), ttlSeconds, newId, graceSeconds, ...kept];
    return answer(this.#scripts.nestSessionRotate(...args, ...changeArguments(rotation)));
  }

  deleteEmpty(id: string): Promise<boolean> {
    return answer(this.#scripts.nestSessionDeleteEmpty(this.#key(id)));
  }

  /**
   * Cluster, where a script can't move a key to another slot. A copy is stored under the new id first, so that nothing
   * is lost if this process ends; then the old session is read and deleted as a unit, and what was written to it
   * in between is carried over.
   */
  async #rotateAcrossSlots(
    id: string,
    newId: string,
    rotation: SessionRotation,
    ttlSeconds: number,
  ): Promise<boolean> {
    const copy = await this.get(id);
    if (!isSession(copy)) return false;
    await this.set(newId, rotated(copy, rotation), ttlSeconds);
    const last = recordOf(
      await clean(this.#scripts.nestSessionTake(this.#key(id), newId, rotation.graceSeconds ?? 0)),
    );
    if (!last) {
      await this.delete(newId);
      return false;
    }
    const isSame = JSON.stringify(last) === JSON.stringify(copy);
    if (!isSame) await this.set(newId, rotated(last, rotation), ttlSeconds);
    return true;
  }

  #key(id: string): string {
    return this.#prefix + id;
  }
}

function rotated(record: SessionRecord, rotation: SessionRotation): SessionRecord {
  const moved = { ...record };
  applyRotation(moved, rotation);
  return moved;
}

/** Redis has no empty HASH: one without fields is none. */
function sessionOrNull(record: SessionRecord): SessionRecord | null {
  for (const _ in record) return record;
  return null;
}

/** A change as scripts take it. */
function changeArguments({ set, remove, increment, operation = '' }: SessionChange) {
  const sets = Object.entries(set).flat();
  const increments = Object.entries(increment).flat();
  const lists = [sets, remove, increments].map((list) => [list.length, ...list]);
  return [operation, ...lists.flat()];
}

/** The record of a reply that lists names and values in turn. */
function recordOf(reply: unknown): SessionRecord | null {
  const list = reply as string[];
  const record: SessionRecord = {};
  for (let i = 0; i < list.length; i += 2) record[list[i]!] = list[i + 1]!;
  return list.length > 0 ? record : null;
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
