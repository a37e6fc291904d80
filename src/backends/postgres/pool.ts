/** What a statement is sent with: see `pg`'s QueryConfig. */
export interface PostgresQuery {
  readonly text: string;
  readonly values?: unknown[];
  readonly name?: string;
  readonly rowMode?: 'array';
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly types?: any;
  readonly query_timeout?: number;
}

/** What is asked of a client of `pg`. */
export interface PostgresClient {
  connect(): Promise<unknown>;
  query(text: string): Promise<{ rows: unknown[] }>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  on(event: string, listener: (...args: any[]) => void): unknown;
  end(): Promise<void>;
}

/** A pool of `pg` 8, by its shape, so that it may be of a package of the application's own. */
export interface PostgresPool {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  query(query: any): Promise<{ rows: any[] }>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  on(event: any, listener: (...args: any[]) => void): unknown;
}

/** @throws TypeError which says what the pool lacks */
export function checkPool(pool: unknown): asserts pool is PostgresPool {
  if (pool === undefined || pool === null) refuse(`pool is ${pool}`);
  if (typeof pool !== 'object') refuse(`pool is a ${typeof pool}`);
  const { query, on, connect, totalCount } = pool as Record<string, unknown>;
  if (typeof query !== 'function') refuse('pool has no query(), as a Pool of pg has');
  if (typeof on !== 'function') refuse('pool has no on(), by which it tells of its connections');
  // A client is one connection, on which an application may have a transaction open.
  if (typeof connect !== 'function' || totalCount === undefined) {
    refuse('pool is no Pool of pg, but perhaps a single Client');
  }
}

function refuse(problem: string): never {
  throw new TypeError(
    `PostgresBackend: ${problem}. Write new PostgresBackend({ pool: new Pool({ connectionString }) }) with Pool of pg 8.`,
  );
}
