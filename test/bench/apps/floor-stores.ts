import { Redis } from 'ioredis';
import { Pool } from 'pg';

export const FLOOR_STORE = Symbol('where the floor keeps its sessions');

/** Texts by keys, over a client and nothing else. */
export interface FloorStore {
  get(key: string): Promise<string | null>;
  set(key: string, text: string): Promise<unknown>;
}

export function floorStore(url: string): FloorStore {
  return isPostgres(url) ? new PostgresFloor(url) : new Redis(url);
}

/** Whether a server keeps its sessions in PostgreSQL. */
export function isPostgres(url: string): boolean {
  return url.startsWith('postgres');
}

class PostgresFloor implements FloorStore {
  readonly #pool: Pool;

  constructor(url: string) {
    this.#pool = new Pool({ connectionString: url });
  }

  async get(key: string): Promise<string | null> {
    const statement = { name: 'get', text: 'SELECT text FROM floor WHERE key = $1', values: [key] };
    const { rows } = await this.#pool.query<{ text: string }>(statement);
    return rows[0]?.text ?? null;
  }

  async set(key: string, text: string): Promise<void> {
    await this.#pool.query('INSERT INTO floor VALUES ($1, $2)', [key, text]);
  }
}
