import { afterAll, beforeAll, describe } from 'vitest';
import { ADAPTERS, type AdapterName, TestApp, type TestAppOptions } from './app.js';
import type { TransportName } from './browser.js';
import { type BackendName, type RedisName, startBackend, type TestBackend } from './backends.js';
import { sample } from './extent.js';
import { START_MS } from './shared-servers.js';

export const REDIS_BACKENDS: RedisName[] = ['redis', 'redis cluster', 'node-redis'];
export const BACKENDS: BackendName[] = ['memory', 'three methods', ...REDIS_BACKENDS, 'postgres'];

const ON_ONE_ADAPTER: Partial<Record<BackendName, AdapterName>> = {
  'node-redis': 'fastify',
  postgres: 'express',
};

/** One combination that a promise has to hold for. */
export interface CellName {
  readonly name: BackendName;
  readonly adapter: AdapterName;
  readonly transport: TransportName;
}

/**
 * Every kind of backend on both adapters by cookie, node-redis and PostgreSQL on one: they do not know of adapters. By bearer,
 * of which no backend knows, each adapter once.
 */
const ALL_CELLS: CellName[] = [
  ...BACKENDS.flatMap((name) =>
    ADAPTERS.map((adapter) => ({ name, adapter, transport: 'cookie' as const })),
  ).filter(({ name, adapter }) => (ON_ONE_ADAPTER[name] ?? adapter) === adapter),
  { name: 'memory', adapter: 'express', transport: 'bearer' },
  { name: 'node-redis', adapter: 'fastify', transport: 'bearer' },
];

/** By cookie, the adapter with which a sample takes each kind of backend. */
const IN_SAMPLE: Partial<Record<BackendName, AdapterName>> = {
  memory: 'express',
  'three methods': 'fastify',
  redis: 'express',
  'redis cluster': 'fastify',
  postgres: 'express',
};

/** Every combination, or a sample of them in which each backend, adapter and transport is. */
export const CELLS = sample(ALL_CELLS, ({ name, adapter, transport }) =>
  transport === 'cookie' ? IN_SAMPLE[name] === adapter : name === 'node-redis',
);
export const REDIS_CELLS = CELLS.filter((cell): cell is CellName & { name: RedisName } =>
  REDIS_BACKENDS.some((name) => name === cell.name),
);

/** A running application and its backend, for the tests of one cell of the matrix. */
export interface Cell {
  app: TestApp;
  backend: TestBackend;
}

/** Runs tests for all cells, or for those of cookies. */
export function onEveryBackend(
  promise: string,
  options: Omit<TestAppOptions, 'adapter'>,
  tests: (cell: Cell, names: CellName) => void,
): void {
  const names = CELLS.filter(({ transport }) => transport === (options.transport ?? transport));
  describe.each(names)(`${promise}, with $name on $adapter, by $transport`, (names) => {
    const cell = {} as Cell;
    beforeAll(async () => {
      cell.backend = await startBackend(names.name);
      const session = { ...options.session, backend: cell.backend.backend };
      const { adapter, transport } = names;
      cell.app = await TestApp.start({ ...options, adapter, transport, session });
    }, START_MS);
    afterAll(async () => {
      await cell.app.stop();
      await cell.backend.stop();
    });
    tests(cell, names);
  });
}
