import { Logger } from '@nestjs/common';
import { describeError } from '../../errors/describe-error.js';
import { Batch } from '../batch.js';
import { escaped } from '../escaped-text.js';
import { Owned } from '../owned.js';
import type { IndexedBackend } from '../principal-index.js';
import { ServerClock } from '../server-clock.js';
import type {
  AtomicSessionBackend,
  Lifetime,
  SessionChange,
  SessionRecord,
  UpdateResult,
} from '../session-backend.js';
import type { TellingBackend } from '../session-ends.js';
import type { SharedBackend } from '../shared-backend.js';
import { Connection, type RunStatement, Statement } from './connection.js';
import { ownedPool } from './owned-pool.js';
import { checkPool, type PostgresPool } from './pool.js';
import { PostgresEnds } from './postgres-ends.js';
import type { PostgresBackendOptions, PostgresUrlOptions } from './postgres-options.js';
import { PostgresPrincipalIndex } from './postgres-principal-index.js';
import { checkPostgresUrl } from './postgres-url.js';
import { readRecord, recordValues } from './record-row.js';
import { schemaOf } from './schema.js';
import {
  createStatement,
  deleteStatement,
  getStatement,
  lookStatement,
  NOW_STATEMENT,
  setStatement,
} from './statements.js';
import { Sweeper } from './sweeper.js';
import { DEFAULT_TABLE, TableNames } from './table-names.js';
import { UpdateBatch } from './update-batch.js';
import { givenChange, hasData, readUpdateRow } from './update-call.js';

/** As many as one statement asks for at the most. */
const MAX_BATCH = 100;

/**
 * Keeps sessions in PostgreSQL: one row per session, read by one statement and changed by one that does nothing when the row
 * is gone. Rows that are over are removed as long as an application runs.
 *
 * It listens to the pool's `error`, so that a connection that is lost while nobody uses it does not end the process.
 */
export class PostgresBackend
  implements AtomicSessionBackend, IndexedBackend, TellingBackend, SharedBackend
{
  readonly principals: PostgresPrincipalIndex;
  readonly ends: PostgresEnds;
  readonly #pool: Owned<PostgresPool>;
  readonly #connection: Connection;
  readonly #statements: ReturnType<typeof statementsOf>;
  readonly #sweeper: Sweeper;
  readonly #gets: Batch<string, SessionRecord | null>;
  readonly #updates: UpdateBatch;
  readonly #touches: UpdateBatch;
  readonly #clock = new ServerClock(async () =>
    Number((await this.#connection.run(this.#statements.now))[0]![0]),
  );

  /** @throws TypeError where `pool` is no pool of `pg`, or `table` no name */
  constructor(options: PostgresBackendOptions);
  /** @internal */
  constructor(options: PostgresUrlOptions, owned: Owned<PostgresPool>);
  constructor(
    {
      pool,
      table = DEFAULT_TABLE,
      createTable = false,
      prepare = true,
      ...unknown
    }: Partial<PostgresBackendOptions>,
    owned?: Owned<PostgresPool>,
  ) {
    checkOptions(unknown);
    this.#pool = owned ?? shared(pool);
    const tables = new TableNames(table);
    const poolOf = () => this.#pool.client;
    this.#connection = new Connection(poolOf, tables, { createTable, prepare });
    const run: RunStatement = (...call) => this.#connection.run(...call);
    this.#statements = statementsOf(tables);
    this.principals = new PostgresPrincipalIndex(tables, run);
    this.ends = new PostgresEnds(poolOf, tables, run);
    this.#sweeper = new Sweeper(tables, run);
    this.#gets = new Batch(MAX_BATCH, (ids) => this.#getAll(ids));
    this.#updates = new UpdateBatch(tables, run, true);
    this.#touches = new UpdateBatch(tables, run, false);
  }

  /**
   * Keeps sessions in the PostgreSQL of a URL, over a pool of its own, which is closed when the last application that uses it
   * shuts down, after running requests have saved.
   *
   * ```ts
   * SessionModule.forRoot({ secret, backend: PostgresBackend.fromUrl('postgres://127.0.0.1/app') })
   * ```
   * @throws TypeError where the URL is none of PostgreSQL's
   */
  static fromUrl(url: string, options: PostgresUrlOptions = {}): PostgresBackend {
    checkPostgresUrl(url);
    return new PostgresBackend(options, ownedPool(url));
  }

  /** The SQL that makes the tables, for your migrations. It does nothing where they are there. */
  static schema(options: { table?: string } = {}): string {
    if (typeof options !== 'object' || options === null) {
      throw new TypeError("PostgresBackend.schema(): write schema({ table: 'app.sessions' }).");
    }
    const { table = DEFAULT_TABLE, ...unknown } = options;
    checkOptions(unknown);
    return schemaOf(new TableNames(table));
  }

  /** Makes the tables, where that is asked for, and begins to sweep. The module calls it when an application starts. */
  acquire(): void {
    this.#pool.acquire();
    this.#connection
      .run(this.#statements.look)
      .catch((error: unknown) =>
        new Logger(PostgresBackend.name).error(
          `PostgreSQL can't be used (${describeError(error)}). Requests that need a session are answered with 503 until it can.`,
        ),
      );
    this.#sweeper.start();
  }

  /** Closes what `fromUrl` and listeners have opened, when nobody uses it any more. A pool of yours stays open. */
  async release(): Promise<void> {
    const closing = this.#pool.release();
    if (this.#pool.isClosed) {
      this.#sweeper.stop();
      this.ends.close();
    }
    await closing;
  }

  /** PostgreSQL's own clock, as far as it is known. */
  now(): number {
    return this.#clock.now();
  }

  syncClock(): Promise<void> | undefined {
    return this.#clock.sync();
  }

  /** Of its connections, until there is a new one. */
  get lastError(): unknown {
    return this.#connection.lastError;
  }

  get(id: string): Promise<SessionRecord | null> {
    const syncing = this.syncClock();
    const key = escaped(id);
    return syncing ? syncing.then(() => this.#gets.add(key)) : this.#gets.add(key);
  }

  async set(id: string, record: SessionRecord, ttlSeconds: number): Promise<void> {
    await this.#connection.run(this.#statements.set, [
      escaped(id),
      ...recordValues(record),
      ttlSeconds,
    ]);
  }

  async delete(id: string): Promise<void> {
    await this.#connection.run(this.#statements.delete, [escaped(id)]);
  }

  async create(
    id: string,
    record: SessionRecord,
    ttlSeconds: number,
    deadlineMs = Infinity,
  ): Promise<boolean> {
    const values = [escaped(id), ...recordValues(record), ttlSeconds, deadlineMs];
    const [row] = await this.#connection.run(this.#statements.create, values);
    const [made, isLate] = row!;
    if (made === '0' && isLate === 't') throw this.#late(deadlineMs);
    return made === '1';
  }

  async update(
    id: string,
    change: SessionChange,
    lifetime: Lifetime,
    deadlineMs = Infinity,
  ): Promise<UpdateResult> {
    const batch = hasData(change) ? this.#updates : this.#touches;
    const row = await batch.add(givenChange(id, change, lifetime, deadlineMs));
    const result = readUpdateRow(row);
    if (result !== 'late') return result;
    throw this.#late(deadlineMs);
  }

  #late(deadlineMs: number): Error {
    if (this.now() <= deadlineMs) this.#clock.doubt();
    return new Error('the change came to PostgreSQL too late to be applied');
  }

  async #getAll(ids: string[]): Promise<(SessionRecord | null)[]> {
    const rows = await this.#connection.run(this.#statements.get, [ids]);
    const records = new Map(
      rows.map(([id, version, ...columns]) => [id, readRecord(version!, columns)]),
    );
    const given = new Set<string>();
    return ids.map((id) => {
      const record = records.get(id) ?? null;
      // Whoever asks gets one of their own.
      const isFirst = !given.has(id);
      given.add(id);
      return record && (isFirst ? record : { ...record });
    });
  }
}

/** @throws TypeError where there is one that is not known */
function checkOptions(unknown: object): void {
  for (const name of Object.keys(unknown)) {
    throw new TypeError(
      `PostgresBackend: ${name} is no option: the options are pool, table, createTable, prepare.`,
    );
  }
}

/** A pool of the application's, which stays open. */
function shared(pool: unknown): Owned<PostgresPool> {
  checkPool(pool);
  return new Owned(
    () => pool,
    async () => {},
  );
}

function statementsOf(tables: TableNames) {
  return {
    get: new Statement(getStatement(tables)),
    set: new Statement(setStatement(tables)),
    create: new Statement(createStatement(tables)),
    delete: new Statement(deleteStatement(tables)),
    now: new Statement(NOW_STATEMENT),
    look: new Statement(lookStatement(tables)),
  };
}
