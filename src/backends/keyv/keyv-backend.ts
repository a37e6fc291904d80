import { readRecordText, recordText } from '../record-text.js';
import type { SessionBackend, SessionRecord } from '../session-backend.js';
import { isSessionId } from '../session-id.js';

/** What is used of a `Keyv`, of whichever copy. */
export interface KeyvLike {
  readonly throwOnErrors: boolean;
  get(key: string): Promise<unknown>;
  set(key: string, value: string, ttlMs: number): Promise<boolean>;
  delete(key: string): Promise<boolean>;
}

/** What {@link KeyvBackend} takes beside a Keyv. */
export interface KeyvBackendOptions {
  /** Begins every key, behind the Keyv's own namespace. Default `'sess:'`. */
  prefix?: string;
}

/**
 * Keeps sessions in a store of Keyv, as one text each. It has three methods, so parallel requests are safe within one
 * process. The Keyv stays yours: it is not disconnected here.
 *
 * ```ts
 * new KeyvBackend(new Keyv({ store: new KeyvSqlite('sqlite://sessions.sqlite'), throwOnErrors: true }))
 * ```
 */
export class KeyvBackend implements SessionBackend {
  readonly #keyv: KeyvLike;
  readonly #prefix: string;

  /** @throws TypeError where it is given no Keyv, or one that hides failures of its store */
  constructor(keyv: KeyvLike, { prefix = 'sess:' }: KeyvBackendOptions = {}) {
    checkKeyv(keyv);
    this.#keyv = keyv;
    this.#prefix = prefix;
  }

  async get(id: string): Promise<SessionRecord | null> {
    if (!isSessionId(id)) return null;
    const text = await this.#keyv.get(this.#prefix + id);
    return typeof text === 'string' ? readRecordText(text) : null;
  }

  async set(id: string, record: SessionRecord, ttlSeconds: number): Promise<void> {
    if (!isSessionId(id)) throw new TypeError('a session can’t be stored under what is no id');
    const text = recordText(record);
    const isStored = await this.#keyv.set(this.#prefix + id, text, ttlSeconds * 1000);
    if (!isStored) throw new Error('the store of Keyv did not store the session');
  }

  /** Whether something was there is of no interest: stores say `false` where nothing was. */
  async delete(id: string): Promise<void> {
    if (isSessionId(id)) await this.#keyv.delete(this.#prefix + id);
  }
}

/** Unless it is told to throw, a Keyv gives `undefined` for what it could not read: a failure would read as no session. */
function checkKeyv(keyv: unknown): void {
  const { get, set, throwOnErrors } = (keyv ?? {}) as Partial<KeyvLike>;
  const hasMethods = typeof get === 'function' && typeof set === 'function';
  if (!hasMethods || throwOnErrors === undefined) {
    fail('it was given no Keyv, or one of keyv before 5.4');
  }
  if (!throwOnErrors) fail('this Keyv hides the failures of its store');
}

function fail(problem: string): never {
  throw new TypeError(
    `KeyvBackend: ${problem}. Write new KeyvBackend(new Keyv({ store, throwOnErrors: true })).`,
  );
}
