/**
 * Sessions in any store of Keyv 5: `import { KeyvBackend } from 'nestjs-server-session/keyv'`.
 * @module
 */
export {
  KeyvBackend,
  type KeyvBackendOptions,
  type KeyvLike,
} from './backends/keyv/keyv-backend.js';
