import { afterAll, beforeAll, describe } from '@jest/globals';
import { ADAPTERS, type AdapterName, TestApp, type TestAppOptions } from './app.js';
import { type BackendName, type RedisName, startBackend, type TestBackend } from './backends.js';
import { shareCluster, START_MS } from './shared-cluster.js';

export const REDIS_BACKENDS: RedisName[] = ['redis', 'redis cluster', 'node-redis'];
export const BACKENDS: BackendName[] = ['memory', 'three methods', ...REDIS_BACKENDS];

shareCluster();

/** A running application and its backend, for the tests of one cell of the matrix. */
export interface Cell {
  app: TestApp;
  backend: TestBackend;
}

/** Runs tests on both adapters and on every kind of backend. */
export function onEveryBackend(
  promise: string,
  options: Omit<TestAppOptions, 'adapter'>,
  tests: (cell: Cell, adapter: AdapterName, name: BackendName) => void,
): void {
  describe.each(BACKENDS)(`${promise}, with %s`, (name) => {
    describe.each(ADAPTERS)('on %s', (adapter) => {
      const cell = {} as Cell;
      beforeAll(async () => {
        cell.backend = await startBackend(name);
        const session = { ...options.session, backend: cell.backend.backend };
        cell.app = await TestApp.start({ ...options, adapter, session });
      }, START_MS);
      afterAll(async () => {
        await cell.app.stop();
        await cell.backend.stop();
      });
      tests(cell, adapter, name);
    });
  });
}
