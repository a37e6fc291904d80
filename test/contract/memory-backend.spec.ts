import { describe } from 'vitest';
import { MemoryBackend } from 'nestjs-server-session';
import { testContract } from '../support/contract.js';

describe('MemoryBackend', () => {
  const backend = new MemoryBackend();
  testContract(() => backend);
});
