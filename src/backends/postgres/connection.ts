import { hash } from 'node:crypto';
import { ConnectionErrors } from '../connection-errors.js';
import type { PostgresPool, PostgresQuery } from './pool.js';
import { creation, existsStatement } from './schema.js';
import type { TableNames } from './table-names.js';

/** A row as the server sends it: the text of each column, whatever parsers of types the application has set. */
export type Row = readonly (string | null)[];

const AS_TEXT = { getTypeParser: () => (text: string) => text };

/**
 * A connection that does not answer for so long is given up, or those to a server that has vanished would fill the pool. That
 * is longer than an operation may take.
 */
const QUERY_TIMEOUT_MS = 10_000;

const ERRORS = new WeakMap<object, ConnectionErrors>();

/** A statement, and the name by which a connection prepares it once: by its text, so that a pool may serve several backends. */
export class Statement {
  readonly name: string;

  constructor(readonly text: string) {
    this.name = `session_${hash('sha1', text, 'hex')}`;
  }
}

/** Sends a statement with its values, and gives the rows. */
export type RunStatement = (statement: Statement, values: unknown[]) => Promise<Row[]>;

export interface ConnectionSettings {
  /** Whether the tables are made where they are not there. */
  readonly createTable: boolean;
  /** Whether statements are prepared. */
  readonly prepare: boolean;
}

/** Sends statements through a pool. */
export class Connection {
  readonly #exists: Statement;
  /** The making of the tables, where that is asked for. */
  #making: Promise<void> | undefined;

  constructor(
    private readonly pool: () => PostgresPool,
    private readonly tables: TableNames,
    private readonly settings: ConnectionSettings,
  ) {
    this.#exists = new Statement(existsStatement(tables));
  }

  /** Why a connection of the pool was lost, until there is a new one. */
  get lastError(): Error | undefined {
    return errorsOf(this.pool()).last;
  }

  /** @throws Error of the server, with no values on it, or of the client */
  async run(statement: Statement, values: unknown[] = []): Promise<Row[]> {
    if (this.settings.createTable) await (this.#making ??= this.#make());
    return this.#run(statement, values);
  }

  async #run({ name, text }: Statement, values: unknown[]): Promise<Row[]> {
    try {
      const { rows } = await this.#query({
        text,
        values,
        rowMode: 'array',
        types: AS_TEXT,
        query_timeout: QUERY_TIMEOUT_MS,
        ...(this.settings.prepare && { name }),
      });
      return rows as Row[];
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** Where the tables are there, nobody needs the right to make them. */
  async #make(): Promise<void> {
    try {
      const found = await this.#run(this.#exists, []);
      if (found.length === 0) await this.#query({ text: creation(this.tables) });
    } catch (error) {
      this.#making = undefined;
      throw error;
    }
  }

  #query(query: PostgresQuery): Promise<{ rows: unknown[] }> {
    const pool = this.pool();
    // Listened to, or a connection that is lost while nobody uses it would end the process.
    errorsOf(pool);
    return pool.query(query);
  }

  #explained(error: unknown): unknown {
    if (typeof error !== 'object' || error === null) return error;
    // Where the server says what it was given.
    for (const property of ['detail', 'where', 'hint', 'internalQuery']) {
      if (property in error) Reflect.set(error, property, undefined);
    }
    if ((error as { code?: unknown }).code !== '42P01') return error;
    const message = `the table ${this.tables.sessions} or its ${this.tables.principals} does not exist: run the SQL that PostgresBackend.schema() gives, or write createTable: true`;
    return new Error(message, { cause: error });
  }
}

/** One listener for each pool, however many backends use it. */
function errorsOf(pool: PostgresPool): ConnectionErrors {
  const known = ERRORS.get(pool);
  if (known) return known;
  const errors = new ConnectionErrors();
  pool.on('error', (error: unknown) => errors.note(error));
  pool.on('connect', () => errors.mended());
  ERRORS.set(pool, errors);
  return errors;
}
