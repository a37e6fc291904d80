import { Logger } from '@nestjs/common';
import { showValue } from '../errors/show-value.js';
import { type Duration, readDuration } from '../session/lifetime.js';
import { isFieldName } from '../session/session-object.js';
import { migratingSessions } from './migrating-sessions.js';
import { MIGRATE, type MigratingApplication, type Migration } from './migration.js';
import type { OldStore } from './old-store.js';

/** Where the sessions of express-session or @fastify/session are, and what becomes of them. */
export interface MigrateOptions {
  /** The store that they are in: that of the old application, or another one on the same data. */
  store: OldStore;
  /** What their cookies were signed with; several where it was rotated. It may be shorter than one of ours. */
  secret: string | readonly string[];
  /** The name of their cookie. Default `'connect.sid'`, and `'sessionId'` for @fastify/session. */
  name?: string;
  /**
   * How long an imported session's old one is kept, counted from its import: as long as old processes still run beside new
   * ones. Until then it ends with the old one, which costs a read of it for each request, and the old one with it. Default
   * `0`: the old one is ended once it is imported.
   */
  keepOldFor?: Duration | 0;
  /**
   * Whether each use gave the old cookie a longer life, as the option of the same name says. Default `false`: an imported
   * session ends when its old cookie would have, where that is earlier. With `true` it lives as one that begins now.
   */
  rolling?: boolean;
  /** Other names for fields, by their old ones: for those that a session can't have, such as `{ id: 'userId' }`. */
  rename?: Readonly<Record<string, string>>;
  /** Changes the data of a session, and gives them; `null` where it is not to be imported. Called before `rename`. */
  transform?(data: Record<string, unknown>): unknown;
}

/** More than sixteen hours in seconds, or a minute in milliseconds. */
const DOUBTFUL = 60_000;

const OPTIONS: Record<keyof MigrateOptions, true> = {
  store: true,
  secret: true,
  name: true,
  keepOldFor: true,
  rolling: true,
  rename: true,
  transform: true,
};

/**
 * Lets users stay signed in who come from express-session: a request without a session of ours that brings one of its
 * cookies, rightly signed, gets its data as a new session, once.
 * @throws TypeError which says what to write
 */
export function expressSession(options: MigrateOptions): Migration {
  return migration('expressSession', options, 'connect.sid', 's:');
}

/**
 * The same for users who come from @fastify/session.
 * @throws TypeError which says what to write
 */
export function fastifySession(options: MigrateOptions): Migration {
  return migration('fastifySession', options, 'sessionId', '');
}

function has(store: object, method: string): boolean {
  return typeof (store as Record<string, unknown>)[method] === 'function';
}

function migration(
  caller: string,
  options: MigrateOptions,
  defaultName: string,
  mark: string,
): Migration {
  const refuse = (what: string): never => {
    throw new TypeError(`${caller}(): ${what}.`);
  };
  if (typeof options !== 'object' || options === null) {
    refuse(`the options are ${showValue(options)}: write { store, secret }`);
  }
  const { store, secret, name = defaultName, keepOldFor = 0, rolling = false } = options;
  const { rename = {}, transform } = options;
  for (const each of Object.keys(options)) {
    if (!Object.hasOwn(OPTIONS, each)) {
      refuse(`${each} is no option: the options are ${Object.keys(OPTIONS).join(', ')}`);
    }
  }
  if (typeof store?.get !== 'function' || typeof store.destroy !== 'function') {
    refuse(
      `store is ${showValue(store)}: write the store of the old application, which has get() and destroy()`,
    );
  }
  if (has(store, 'multi') || has(store, 'sendCommand')) {
    refuse('store is a client of Redis: write new RedisStore({ client }) of connect-redis');
  }
  const secrets = typeof secret === 'string' ? [secret] : [...(secret ?? [])];
  if (secrets.length === 0 || secrets.some((each) => typeof each !== 'string' || each === '')) {
    refuse('secret is missing: write the one of the old application, or all of them in a list');
  }
  if (typeof name !== 'string' || name === '') {
    refuse(`name is ${showValue(name)}: write the name of the old cookie`);
  }
  if (typeof rolling !== 'boolean') refuse(`rolling is ${showValue(rolling)}: write true or false`);
  if (transform !== undefined && typeof transform !== 'function') {
    refuse(`transform is ${showValue(transform)}: write a function of a session's data`);
  }
  for (const field of Object.values(rename)) {
    if (typeof field !== 'string' || !isFieldName(field)) {
      refuse(`rename has ${showValue(field)}, which a session can't have: write another name`);
    }
  }
  const keepOldForMs = keepOldFor === 0 ? 0 : readDuration(keepOldFor);
  if (typeof keepOldForMs !== 'number') {
    return refuse(`keepOldFor is ${showValue(keepOldFor)}: ${keepOldForMs}`);
  }
  if (typeof keepOldFor === 'number' && keepOldFor >= DOUBTFUL && keepOldFor % 1000 === 0) {
    new Logger('SessionModule').warn(
      `${caller}(): keepOldFor: ${keepOldFor} is a number of seconds. If these were to be milliseconds, write '${keepOldFor / 1000}s'; if not, write '${keepOldFor}s', which nobody takes for them.`,
    );
  }
  const source = {
    store,
    keepOldForMs,
    isRolling: rolling,
    rename: { ...rename },
    transform: (data: Record<string, unknown>) => (transform ? transform(data) : data),
  };
  const cookie = { name, secrets, mark };
  // Shown by nothing: it knows secrets.
  return Object.defineProperty({ oldCookieName: name }, MIGRATE, {
    value: (application: MigratingApplication) => migratingSessions(source, cookie, application),
  }) as Migration;
}
