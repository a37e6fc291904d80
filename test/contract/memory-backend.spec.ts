import { describe } from '@jest/globals';
import { MemoryBackend } from 'nestjs-server-session';
import { testContract } from '../support/contract.js';

describe('MemoryBackend', () => {
  const backend = new MemoryBackend();
  testContract(() => backend);
});
