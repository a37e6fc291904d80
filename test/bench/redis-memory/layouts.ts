import { RedisStore } from 'connect-redis';
import type { Request } from 'express';
import expressSession from 'express-session';
import { RedisBackend, type SessionRecord } from 'nestjs-server-session';
import { createClient } from 'redis';
import type { RedisServer } from '../../support/redis-server.js';
import { SECRET } from '../apps/secret.js';
import { newContents } from '../contents.js';
import { newId, newRecord } from '../records.js';

/** Puts sessions into Redis in one way. */
export interface SessionWriter {
  /** Adds one more session. */
  add(): Promise<unknown>;
  close(): void;
}

/** One way to keep sessions in Redis. */
export interface Layout {
  readonly label: string;
  /** Arguments for the server, where its defaults are not what is measured. */
  readonly serverArgs: readonly string[];
  open(server: RedisServer): Promise<SessionWriter>;
}

const PREFIX = 'sess:';
/** This library's default `idleTimeout`. */
const TTL_SECONDS = 14 * 24 * 60 * 60;
/** So that values of 200 bytes don't turn a small HASH into a hash table. */
const LARGE_LISTPACKS = ['--hash-max-listpack-value', '1024'];

export const LAYOUTS: readonly Layout[] = [
  { label: 'express-session + connect-redis 9', serverArgs: [], open: openConnectRedis },
  { label: 'this library', serverArgs: [], open: openLibrary },
  hash('HASH, a field for each', [], (record) => record),
  hash('HASH, a field for each, large listpacks', LARGE_LISTPACKS, (record) => record),
  hash('HASH, metadata in one field', [], packed),
  hash('HASH, metadata in one field, large listpacks', LARGE_LISTPACKS, packed),
];

/** express-session makes the session, its cookie and its id, and `RedisStore.set` stores it, as at the end of a request. */
async function openConnectRedis(server: RedisServer): Promise<SessionWriter> {
  const client = createClient({ url: server.url });
  await client.connect();
  const redisStore = new RedisStore({ client });
  expressSession({ store: redisStore, secret: SECRET, resave: false, saveUninitialized: false });
  // express-session has just added `generate`.
  const store = redisStore as RedisStore & Express.SessionStore;
  return {
    add: () => {
      const request = {} as Request;
      store.generate(request);
      return redisStore.set(request.sessionID, Object.assign(request.session, newContents()));
    },
    close: () => client.destroy(),
  };
}

async function openLibrary(server: RedisServer): Promise<SessionWriter> {
  const client = server.client({ enableAutoPipelining: true });
  const backend = new RedisBackend({ client });
  return {
    add: () => backend.create(newId(), newRecord(), TTL_SECONDS),
    close: () => client.disconnect(),
  };
}

function hash(
  label: string,
  serverArgs: readonly string[],
  fieldsOf: (record: SessionRecord) => SessionRecord,
): Layout {
  const open = async (server: RedisServer): Promise<SessionWriter> => {
    const client = server.client({ enableAutoPipelining: true });
    const add = () => {
      const key = PREFIX + newId();
      const stored = client.hset(key, fieldsOf(newRecord()));
      return Promise.all([stored, client.expire(key, TTL_SECONDS)]);
    };
    return { add, close: () => client.disconnect() };
  };
  return { label, serverArgs, open };
}

/** Both times in one field, in base 36. */
function packed({ $created, $seen, ...data }: SessionRecord): SessionRecord {
  return { $: [$created, $seen].map((time) => Number(time).toString(36)).join(','), ...data };
}
