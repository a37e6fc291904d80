/** Sessions in any store of Keyv 5: `import { KeyvBackend } from 'nestjs-server-session/keyv'`. */
export {
  KeyvBackend,
  type KeyvBackendOptions,
  type KeyvLike,
} from './backends/keyv/keyv-backend.js';
