export type StoreName = 'redis' | 'postgres' | 'memory';

/** What differs by where sessions are kept. */
export interface Store {
  readonly label: string;
  /** What the application has to install, in a range that the library's peers allow. */
  readonly client?: { readonly name: string; readonly range: string };
  /** The variable of its URL, and where its server is on a developer's machine. */
  readonly url?: { readonly name: string; readonly value: string };
  /** The lines of `session.options.ts` that differ. */
  readonly imports: string;
  readonly backend: string;
}

const TYPES = "import type { SessionOptions } from 'nestjs-server-session';";

export const STORES: Readonly<Record<StoreName, Store>> = {
  redis: {
    label: 'Redis',
    client: { name: 'ioredis', range: '^6.0.0' },
    url: { name: 'REDIS_URL', value: 'redis://127.0.0.1:6379' },
    imports: "import { RedisBackend, type SessionOptions } from 'nestjs-server-session';",
    backend: "    backend: RedisBackend.fromUrl(env.REDIS_URL ?? ''),\n",
  },
  postgres: {
    label: 'PostgreSQL',
    client: { name: 'pg', range: '^8.11.0' },
    url: { name: 'DATABASE_URL', value: 'postgres://postgres@127.0.0.1:5432/postgres' },
    imports: `${TYPES}\nimport { PostgresBackend } from 'nestjs-server-session/postgres';`,
    backend: `    backend: PostgresBackend.fromUrl(env.DATABASE_URL ?? '', {
      createTable: true,
    }),\n`,
  },
  memory: { label: 'memory', imports: TYPES, backend: '' },
};
