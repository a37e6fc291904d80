/**
 * From express-session, and with its stores: `import { expressSession, StoreBackend } from
 * 'nestjs-server-session/express-session'`.
 * @module
 */
export type { SessionStoreLike } from './backends/express-session/ask-store.js';
export { StoreBackend } from './backends/express-session/store-backend.js';
export {
  expressSession,
  fastifySession,
  type MigrateOptions,
} from './migration/express-session.js';
export type { Migration } from './migration/migration.js';
