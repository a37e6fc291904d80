import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  oxc: { include: /\.[cm]?ts$/, decorator: { legacy: true, emitDecoratorMetadata: true } },
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
    pool: 'forks',
    isolate: false,
    maxWorkers: '100%',
    // So that what it imports is looked up here: see `sqlite3`.
    server: { deps: { inline: ['@keyv/sqlite'] } },
  },
});
