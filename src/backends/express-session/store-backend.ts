import { readRecordText, recordText } from '../record-text.js';
import type { SessionBackend, SessionRecord } from '../session-backend.js';
import { isSessionId } from '../session-id.js';
import { askStore, type SessionStoreLike } from './ask-store.js';

/** The field of a stored session that holds the record: what has none is a session of express-session itself. */
const RECORD_FIELD = 'nestjsServerSession';

/** What a store is given: a session as express-session has it, whose cookie says how long it is to be kept. */
interface StoredObject {
  readonly cookie?: { readonly expires?: string | number | Date };
  readonly [RECORD_FIELD]?: unknown;
}

/**
 * Keeps sessions in a store written for express-session or @fastify/session. It has three methods, so parallel requests are
 * safe within one process. The store stays yours: it is neither opened nor closed here.
 *
 * ```ts
 * new StoreBackend(new RedisStore({ client }))
 * ```
 */
export class StoreBackend implements SessionBackend {
  readonly #store: SessionStoreLike;
  #lastError: unknown;

  /** @throws TypeError where it is given no store */
  constructor(store: SessionStoreLike) {
    checkStore(store);
    this.#store = store;
    const { on } = store as { on?: (event: string, listener: (error: unknown) => void) => void };
    // Stores are event emitters: without a listener an error of a connection would end the process.
    if (typeof on === 'function') on.call(store, 'error', (error) => (this.#lastError = error));
  }

  /** The last error that the store has emitted, until it answers. */
  get lastError(): unknown {
    return this.#lastError;
  }

  async get(id: string): Promise<SessionRecord | null> {
    if (!isSessionId(id)) return null;
    const session = (await this.#ask('get', id).catch(noneWhereNoFile)) as StoredObject | null;
    const text = session?.[RECORD_FIELD];
    if (typeof text !== 'string' || isOver(session!)) return null;
    return readRecordText(text);
  }

  async set(id: string, record: SessionRecord, ttlSeconds: number): Promise<void> {
    if (!isSessionId(id)) throw new TypeError('a session can’t be stored under what is no id');
    const maxAge = ttlSeconds * 1000;
    const expires = new Date(Date.now() + maxAge);
    const cookie = { originalMaxAge: maxAge, maxAge, expires, httpOnly: true, path: '/' };
    await this.#ask('set', id, { cookie, [RECORD_FIELD]: recordText(record) });
  }

  async delete(id: string): Promise<void> {
    if (isSessionId(id)) await this.#ask('destroy', id);
  }

  async #ask(method: keyof SessionStoreLike, ...args: unknown[]): Promise<unknown> {
    const answer = await askStore(this.#store, method, ...args);
    this.#lastError = undefined;
    return answer;
  }
}

/** By the time that the store was given: some keep a session until they get round to it. */
function isOver({ cookie }: StoredObject): boolean {
  return new Date(cookie?.expires ?? Number.NaN).getTime() <= Date.now();
}

/** Stores of files say ENOENT for a session that they don't have, as express-session allows. A socket may be missing, too. */
function noneWhereNoFile(error: unknown): null {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  if (code === 'ENOENT' && syscall !== 'connect') return null;
  throw error;
}

function checkStore(store: unknown): void {
  if (typeof store === 'function') fail('it was given a class');
  const methods = ['get', 'set', 'destroy'] as const;
  const missing = methods.filter(
    (name) => typeof (store as SessionStoreLike)?.[name] !== 'function',
  );
  if (missing.length > 0) fail(`it was given what has no method ${missing.join(', ')}`);
}

function fail(problem: string): never {
  throw new TypeError(
    `StoreBackend: ${problem}. Write new StoreBackend(store), with a store of express-session or @fastify/session, such as new RedisStore({ client }).`,
  );
}
