export {
  expressSession,
  fastifySession,
  type MigrateOptions,
} from './migration/express-session.js';
export type { Migration } from './migration/migration.js';
export type { OldStore } from './migration/old-store.js';
