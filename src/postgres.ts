export { PostgresBackend } from './backends/postgres/postgres-backend.js';
export type { PostgresBackendOptions } from './backends/postgres/postgres-backend.js';
