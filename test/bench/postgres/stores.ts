import connectPgSimple from 'connect-pg-simple';
import type { Request } from 'express';
import expressSession, { type SessionData } from 'express-session';
import { PostgresBackend } from 'nestjs-server-session/postgres';
import type { Pool } from 'pg';
import { SECRET } from '../apps/secret.js';
import { newContents } from '../contents.js';
import { newId, newRecord } from '../records.js';

/** Keeps many sessions in PostgreSQL in one way. */
export interface Keeper {
  readonly label: string;
  readonly table: string;
  /** Adds a session, and gives its id. */
  add(): Promise<string>;
  /** Changes one field of a session, as a request that has read it does. */
  write(id: string, visits: number): Promise<unknown>;
}

/** This library's defaults. */
const LIFE_SECONDS = 14 * 24 * 60 * 60;
const LIFETIME = { idleMs: LIFE_SECONDS * 1000, absoluteMs: 30 * 24 * 60 * 60 * 1000 };

export const KEEPERS: readonly ((pool: Pool) => Keeper)[] = [libraryKeeper, peerKeeper];

function libraryKeeper(pool: Pool): Keeper {
  const backend = new PostgresBackend({ pool });
  const record = newRecord();
  const { $gen: generation, $hash: hash } = record;
  return {
    label: 'PostgresBackend',
    table: 'sessions',
    async add() {
      const id = newId();
      await backend.create(id, { ...newRecord(), $gen: generation!, $hash: hash! }, LIFE_SECONDS);
      return id;
    },
    write: (id, visits) => {
      const set = { visits: String(visits) };
      const change = {
        generation: generation!,
        hash: hash!,
        isUse: true,
        set,
        remove: [],
        increment: {},
      };
      return backend.update(id, change, LIFETIME);
    },
  };
}

/** express-session makes the session, its cookie and its id, and the store keeps it, as at the end of a request. */
function peerKeeper(pool: Pool): Keeper {
  const PgStore = connectPgSimple(expressSession);
  const pgStore = new PgStore({ pool, pruneSessionInterval: false });
  expressSession({ store: pgStore, secret: SECRET, resave: false, saveUninitialized: false });
  // express-session has just added `generate`.
  const store = pgStore as unknown as Express.SessionStore & typeof pgStore;
  const set = (id: string, session: SessionData) =>
    new Promise<void>((resolve, reject) => {
      store.set(id, session, (error?: Error | null) => (error ? reject(error) : resolve()));
    });
  let last: SessionData;
  return {
    label: 'express-session + connect-pg-simple',
    table: 'session',
    async add() {
      const request = {} as Request;
      store.generate(request);
      last = Object.assign(request.session, newContents());
      await set(request.sessionID, last);
      return request.sessionID;
    },
    write: (id, visits) => {
      last.cookie.expires = new Date(Date.now() + LIFE_SECONDS * 1000);
      return set(id, Object.assign(last, { visits }));
    },
  };
}
