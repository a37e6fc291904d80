import type { Cluster, Redis } from 'ioredis';
import {
  type AtomicSessionBackend,
  NEXT,
  type SessionChange,
  type SessionRecord,
  type SessionRotation,
} from '../session-backend.js';
import { applyRotation, isSession } from '../session-change.js';
import { changeText, nameText, readRecordText, recordText } from './record-text.js';
import { DELETE_EMPTY, ROTATE, TAKE, UPDATE } from './scripts.js';

export interface RedisBackendOptions {
  /** An ioredis 6 client, single, Sentinel or Cluster. It stays yours: it is never closed here. */
  client: Redis | Cluster;
  /** Begins every key. Default `'sess:'`. */
  prefix?: string;
}

type Script = (...args: (string | number)[]) => Promise<unknown>;
type Scripts = Record<keyof typeof SCRIPTS, Script>;

const SCRIPTS = {
  nestSessionUpdate: { lua: UPDATE, numberOfKeys: 1 },
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
  readonly #scripts: Scripts;
  readonly #prefix: string;
  /** Whether all keys are in one slot, so that one script may touch two of them. */
  readonly #isOneSlot: boolean;

  /** @throws TypeError where `client` is no ioredis client */
  constructor({ client, prefix = 'sess:' }: RedisBackendOptions) {
    if (typeof client?.defineCommand !== 'function' || typeof client.get !== 'function') {
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

  async get(id: string): Promise<SessionRecord | null> {
    const text = await clean(this.#client.get(this.#key(id)));
    return text === null ? null : readRecordText(text);
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

  update(id: string, change: SessionChange, ttlSeconds: number): Promise<boolean> {
    return answer(
      this.#scripts.nestSessionUpdate(
        this.#key(id),
        ttlSeconds,
        operationText(change),
        changeText(change),
      ),
    );
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
    if (!this.#isOneSlot) return this.#rotateAcrossSlots(id, newId, rotation, ttlSeconds);
    const { keep, graceSeconds = 0 } = rotation;
    const change = [operationText(rotation), changeText(rotation)];
    const kept = keep ? [KEEP_METADATA, ...keep.map(nameText)] : [];
    const args = [ttlSeconds, ...change, graceSeconds, leadTo(newId), ...kept];
    return answer(this.#scripts.nestSessionRotate(this.#key(id), this.#key(newId), ...args));
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
    const copy = await clean(this.#client.get(this.#key(id)));
    const record = copy === null ? null : readRecordText(copy);
    if (!isSession(record)) return false;
    await this.set(newId, rotated(record, rotation), ttlSeconds);
    const { graceSeconds = 0 } = rotation;
    const last = await clean(
      this.#scripts.nestSessionTake(this.#key(id), graceSeconds, leadTo(newId)),
    );
    if (typeof last !== 'string') {
      await this.delete(newId);
      return false;
    }
    if (last !== copy) await this.set(newId, rotated(readRecordText(last), rotation), ttlSeconds);
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
