import { describe } from 'vitest';
import { ThreeMethodBackend } from '../support/backends.js';
import { testContract } from '../support/contract.js';

describe('a three-method backend behind the adapter', () => {
  const backend = new ThreeMethodBackend();
  testContract(() => backend);
});
