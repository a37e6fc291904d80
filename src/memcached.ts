/**
 * Sessions in memcached: `import { MemcachedBackend } from 'nestjs-server-session/memcached'`.
 * @module
 */
export {
  MemcachedBackend,
  type MemcachedBackendOptions,
} from './backends/memcached/memcached-backend.js';
export type { MemcachedClient } from './backends/memcached/memcached-client.js';
