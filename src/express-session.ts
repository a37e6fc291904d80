/** Sessions in a store of express-session: `import { StoreBackend } from 'nestjs-server-session/express-session'`. */
export type { SessionStoreLike } from './backends/express-session/ask-store.js';
export { StoreBackend } from './backends/express-session/store-backend.js';
