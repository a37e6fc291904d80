import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/sequencer.js';

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  oxc: { include: /\.c?ts$/, decorator: { legacy: true, emitDecoratorMetadata: true } },
  resolve: {
    alias: [
      { find: /^nestjs-server-session$/, replacement: path('src/index.ts') },
      { find: /^nestjs-server-session\/(testing|cookie)$/, replacement: path('src/$1/index.ts') },
      { find: /^nestjs-server-session\/([a-z-]+)$/, replacement: path('src/$1.ts') },
      { find: /^sqlite3$/, replacement: path('test/support/sqlite3.ts') },
    ],
  },
  test: {
    include: ['test/**/*.spec.ts'],
    setupFiles: ['test/setup.ts'],
    // Files of one process share modules: to load Nest anew for each of them would take longer than the tests do.
    pool: 'forks',
    isolate: false,
    // Much of the time tests wait for a clock or a server.
    maxWorkers: 3,
    // What waits for something says after five seconds what it has not seen.
    testTimeout: 10_000,
    // Names of tests in whole.
    chaiConfig: { truncateThreshold: 0 },
    sequence: { sequencer: LongestFirst },
    // So that what it imports is looked up here: see `sqlite3`.
    server: { deps: { inline: ['@keyv/sqlite'] } },
  },
});
