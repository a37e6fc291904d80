/**
 * Sessions in PostgreSQL: `import { PostgresBackend } from 'nestjs-server-session/postgres'`.
 * @module
 */
export { PostgresBackend } from './backends/postgres/postgres-backend.js';
export type { PostgresBackendOptions } from './backends/postgres/postgres-options.js';
export type { PostgresPool } from './backends/postgres/pool.js';
