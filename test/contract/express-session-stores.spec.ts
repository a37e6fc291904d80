import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import session from 'express-session';
import { StoreBackend } from 'nestjs-server-session/express-session';
import { testContract } from '../support/contract.js';
import { startFileStore, startPgStore, STORES, type TestStore } from '../support/session-stores.js';

const RECORD = { $created: '1', $seen: '2', user: '"ada"' };
const START_MS = 60_000;
const newId = () => randomBytes(16).toString('base64url');
const cookie = { originalMaxAge: 60_000, path: '/' };

describe.each(Object.keys(STORES))('StoreBackend over %s', (name) => {
  let started: TestStore;
  let backend: StoreBackend;
  beforeAll(async () => {
    started = await STORES[name]!();
    backend = new StoreBackend(started.store);
  }, START_MS);
  afterAll(() => started.stop());

  // Each of its writes is a file: of several cases at once some would wait longer than a session is locked.
  testContract(() => backend, name === 'session-file-store' ? it : it.concurrent);

  it('takes a session of express-session in the same store for none of its own', async () => {
    const { store } = started;
    const id = newId();
    const theirs = { cookie: { ...cookie, expires: new Date(Date.now() + 60_000) }, ...RECORD };
    await new Promise((resolve) => store.set(id, theirs as never, resolve));
    expect(await backend.get(id)).toBeNull();
  });
});

it(
  'a PostgreSQL that is gone is an error, not a session that is',
  async () => {
    const { store, server, stop } = await startPgStore();
    const backend = new StoreBackend(store);
    const id = newId();
    await backend.set(id, RECORD, 90);
    await server.stop();
    await expect(backend.get(id)).rejects.toThrow();
    await expect(backend.set(id, RECORD, 90)).rejects.toThrow();
    await expect(backend.delete(id)).rejects.toThrow();
    await stop();
  },
  START_MS,
);

it('a file that is missing is no session, after all the tries that session-file-store makes', async () => {
  const { store, stop } = await startFileStore({});
  expect(await new StoreBackend(store).get(newId())).toBeNull();
  await stop();
});

it('a store is given a session as express-session has it, with how long to keep it', async () => {
  const store = new session.MemoryStore();
  const id = newId();
  await new StoreBackend(store).set(id, RECORD, 90);
  const [stored] = await new Promise<session.SessionData[]>((resolve) =>
    store.all((_, all) => resolve(Object.values(all as object))),
  );
  expect(stored).toEqual({
    cookie: {
      originalMaxAge: 90_000,
      maxAge: 90_000,
      expires: expect.any(String),
      httpOnly: true,
      path: '/',
    },
    nestjsServerSession: expect.stringContaining('"ada"'),
  });
  const lifeMs = Date.parse(String(stored!.cookie.expires)) - Date.now();
  expect(lifeMs).toBeGreaterThan(60_000);
  expect(lifeMs).toBeLessThanOrEqual(90_000);
});

type Callback = (error?: unknown, session?: unknown) => void;
/** A store of which one method is as a test has it. */
function storeOf(methods: object) {
  const rest = {
    get: (_: string, callback: Callback) => callback(null),
    set: (_: string, __: object, callback: Callback) => callback(null),
    destroy: (_: string, callback: Callback) => callback(null),
  };
  return new StoreBackend({ ...rest, ...methods });
}
const DOWN = new Error('the store is down');
const DONE = { cookie, nestjsServerSession: '1\x1f\x1f\x1f\x1f\x1f\x1f\x1euser\x1f"ada"\x1e' };

describe('StoreBackend', () => {
  const waysToFail: [string, (...args: unknown[]) => unknown][] = [
    ['tells its callback', (...args) => (args.at(-1) as Callback)(DOWN)],
    ['tells it later', (...args) => void setImmediate(args.at(-1) as Callback, DOWN)],
    [
      'throws',
      () => {
        throw DOWN;
      },
    ],
    ['rejects a promise', async () => Promise.reject(DOWN)],
  ];
  it.each(waysToFail)('rejects where the store fails and %s', async (_, fail) => {
    const backend = storeOf({ get: fail, set: fail, destroy: fail });
    await expect(backend.get(newId())).rejects.toBe(DOWN);
    await expect(backend.set(newId(), RECORD, 90)).rejects.toBe(DOWN);
    await expect(backend.delete(newId())).rejects.toBe(DOWN);
  });

  it.each([[[null, null]], [[undefined, undefined]], [[null]], [[]]])(
    'takes the answer %s for no session',
    async (answer) => {
      const get = (_: string, callback: Callback) => callback(...answer);
      expect(await storeOf({ get }).get(newId())).toBeNull();
    },
  );

  it('goes by the first answer of a callback that is called twice', async () => {
    const get = (_: string, callback: Callback) => {
      callback(null, DONE);
      callback(DOWN);
      callback(null, null);
    };
    expect(await storeOf({ get }).get(newId())).toEqual({ user: '"ada"' });
  });

  it('takes a store of promises', async () => {
    const sessions = new Map<string, object>();
    const backend = storeOf({
      get: async (id: string) => sessions.get(id),
      set: async (id: string, stored: object) => void sessions.set(id, stored),
      destroy: async (id: string) => void sessions.delete(id),
    });
    const id = newId();
    expect(await backend.get(id)).toBeNull();
    await backend.set(id, RECORD, 90);
    expect(await backend.get(id)).toEqual(RECORD);
    await backend.delete(id);
    expect(await backend.get(id)).toBeNull();
  });

  it('waits for the callback of a method that also gives a promise', async () => {
    const get = async (_: string, callback: Callback) => void setTimeout(callback, 20, null, DONE);
    expect(await storeOf({ get }).get(newId())).toEqual({ user: '"ada"' });
  });

  it('calls methods as the store’s own', async () => {
    const calls: unknown[] = [];
    const store = {
      get(_: string, callback: Callback) {
        calls.push(this);
        callback();
      },
      set: () => {},
      destroy: () => {},
    };
    await new StoreBackend(store).get(newId());
    expect(calls).toEqual([store]);
  });

  it('takes a session for ended at the time that the store was told, though it has it still', async () => {
    const expires = [new Date(Date.now() - 1), new Date(Date.now() - 1).toISOString()];
    for (const over of expires) {
      const get = (_: string, callback: Callback) =>
        callback(null, { ...DONE, cookie: { ...cookie, expires: over } });
      expect(await storeOf({ get }).get(newId())).toBeNull();
    }
  });

  it('tells a file that is missing from a socket that is', async () => {
    const failing = (syscall: string) =>
      storeOf({
        get: (_: string, callback: Callback) =>
          callback(Object.assign(new Error('ENOENT'), { code: 'ENOENT', syscall })),
      });
    expect(await failing('open').get(newId())).toBeNull();
    await expect(failing('connect').get(newId())).rejects.toThrow('ENOENT');
  });

  it('asks the store for nothing by what is no id', async () => {
    const never = () => {
      throw new Error('asked');
    };
    const backend = storeOf({ get: never, set: never, destroy: never });
    for (const id of ['../../etc/passwd', '', 'a'.repeat(32)]) {
      expect(await backend.get(id)).toBeNull();
      await backend.delete(id);
      await expect(backend.set(id, RECORD, 90)).rejects.toThrow(TypeError);
    }
  });

  it('hears the error events of a store, which would end the process', async () => {
    const store = Object.assign(new EventEmitter(), {
      get: (_: string, callback: Callback) => callback(),
      set: () => {},
      destroy: () => {},
    });
    const backend = new StoreBackend(store);
    store.emit('error', DOWN);
    expect(backend.lastError).toBe(DOWN);
    await backend.get(newId());
    expect(backend.lastError).toBeUndefined();
  });

  it.each([
    [undefined, 'it was given what has no method get, set, destroy'],
    [{ get: () => {}, set: () => {} }, 'it was given what has no method destroy'],
    [session.MemoryStore, 'it was given a class'],
  ])('says what to write where it is given %s', (wrong, problem) => {
    expect(() => new StoreBackend(wrong as never)).toThrow(
      `StoreBackend: ${problem}. Write new StoreBackend(store), with a store of express-session or @fastify/session, such as new RedisStore({ client }).`,
    );
  });
});
