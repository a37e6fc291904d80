import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyvSqlite } from '@keyv/sqlite';
import { Keyv, type KeyvStoreAdapter } from 'keyv';
import { KeyvBackend } from 'nestjs-server-session/keyv';
import { testContract } from '../support/contract.js';

const RECORD = { $created: '1', $seen: '2', user: '"ada"' };
const newId = () => randomBytes(16).toString('base64url');

/** A Keyv over a Map that a test can look into. */
function keyvOf(map: Map<string, unknown>, options: object = {}): Keyv {
  return new Keyv({ store: map, throwOnErrors: true, ...options });
}

describe('KeyvBackend over a Keyv in memory', () => {
  const backend = new KeyvBackend(keyvOf(new Map()));
  testContract(() => backend);

  it('puts its prefix behind the namespace, and gives keys the life that it is told', async () => {
    const map = new Map<string, string>();
    const [one, two] = [newId(), newId()];
    const before = Date.now();
    await new KeyvBackend(keyvOf(map, { namespace: 'app' })).set(one, RECORD, 90);
    await new KeyvBackend(keyvOf(map), { prefix: 'web:' }).set(two, RECORD, 90);
    expect([...map.keys()]).toEqual([`app:sess:${one}`, `keyv:web:${two}`]);
    const { expires } = JSON.parse(map.get(`app:sess:${one}`)!) as { expires: number };
    expect(expires - before).toBeGreaterThanOrEqual(90_000);
    expect(expires - before).toBeLessThan(100_000);
  });

  it('takes what somebody else has put there for no session', async () => {
    const keyv = keyvOf(new Map());
    const shared = new KeyvBackend(keyv);
    const id = newId();
    await keyv.set('someone', 'else');
    await keyv.set(newId(), 'else');
    for (const foreign of [1, true, { ...RECORD }, ['a'], null]) {
      await keyv.set(`sess:${id}`, foreign);
      expect(await shared.get(id)).toBeNull();
    }
    await keyv.set(`sess:${id}`, JSON.stringify(RECORD));
    expect(await shared.get(id)).toEqual({});
    expect(await shared.get('someone')).toBeNull();
    await shared.delete('someone');
    expect(await keyv.get('someone')).toBe('else');
  });

  it('stores nothing under what is no id', async () => {
    const map = new Map();
    await expect(new KeyvBackend(keyvOf(map)).set('../x', RECORD, 90)).rejects.toThrow(TypeError);
    expect(map.size).toBe(0);
  });
});

describe('KeyvBackend over SQLite in a file', () => {
  let folder: string;
  const open = () => {
    const store = new KeyvSqlite(`sqlite://${join(folder, 'sessions.sqlite')}`);
    return new Keyv({ store, throwOnErrors: true });
  };
  let keyv: Keyv;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sessions-sqlite-'));
    keyv = open();
  });
  afterAll(async () => {
    await keyv.disconnect();
    await rm(folder, { recursive: true });
  });

  testContract(() => new KeyvBackend(keyv), it);

  it('has the sessions of before when it is opened again', async () => {
    const id = newId();
    await new KeyvBackend(keyv).set(id, RECORD, 90);
    await keyv.disconnect();
    await expect(new KeyvBackend(keyv).get(id)).rejects.toThrow();
    await expect(new KeyvBackend(keyv).set(id, RECORD, 90)).rejects.toThrow();
    await expect(new KeyvBackend(keyv).delete(id)).rejects.toThrow();
    keyv = open();
    expect(await new KeyvBackend(keyv).get(id)).toEqual(RECORD);
  });
});

describe('KeyvBackend where the store fails', () => {
  const down = async () => Promise.reject(new Error('the store is down'));
  const store: KeyvStoreAdapter = {
    opts: {},
    get: down,
    set: down,
    delete: down,
    clear: async () => {},
    on: () => store,
  };

  it('rejects each method', async () => {
    const backend = new KeyvBackend(new Keyv({ store, throwOnErrors: true }));
    await expect(backend.get(newId())).rejects.toThrow('the store is down');
    await expect(backend.set(newId(), RECORD, 90)).rejects.toThrow('the store is down');
    await expect(backend.delete(newId())).rejects.toThrow('the store is down');
  });

  it('rejects a set that the store refuses without an error', async () => {
    const keyv = new Keyv({ store: { ...store, set: async () => false }, throwOnErrors: true });
    await expect(new KeyvBackend(keyv).set(newId(), RECORD, 90)).rejects.toThrow('did not store');
  });

  it('refuses a Keyv that would hide it, which is what one does by default', async () => {
    expect(await new Keyv({ store }).get('any')).toBeUndefined();
    expect(() => new KeyvBackend(new Keyv({ store }))).toThrow(
      'KeyvBackend: this Keyv hides the failures of its store. Write new KeyvBackend(new Keyv({ store, throwOnErrors: true })).',
    );
  });
});

it.each([undefined, null, 'sqlite://x', new Map(), {}, class {}])(
  'a KeyvBackend of what is no Keyv says what to write: %s',
  (wrong) => {
    expect(() => new KeyvBackend(wrong as never)).toThrow(
      /^KeyvBackend: it was given no Keyv.*Write new KeyvBackend\(new Keyv\(/,
    );
  },
);
