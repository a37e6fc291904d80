import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const ofExpress = createRequire(require.resolve('express'));

const swc = (type) => [
  '@swc/jest',
  {
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
    module: { type },
  },
];

/** ES modules as Nest 12's own: run with `node --experimental-vm-modules` (see `npm test`). */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': swc('es6'),
    '\\.cts$': swc('commonjs'),
  },
  moduleNameMapper: {
    '^nestjs-server-session$': '<rootDir>/src/index.ts',
    '^nestjs-server-session/(express|fastify|keyv|express-session|memcached|postgres)$':
      '<rootDir>/src/$1.ts',
    '^nestjs-server-session/(testing|cookie)$': '<rootDir>/src/$1/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^sqlite3$': '<rootDir>/test/support/sqlite3.ts',
    // @fastify/static requires one that is an ES module: node can, Jest on Node 20 can't. Express has one that is none.
    '^content-disposition$': ofExpress.resolve('content-disposition'),
    '^\\./ioredis\\.cjs$': '<rootDir>/src/backends/redis/ioredis.cts',
  },
  testSequencer: '<rootDir>/test/sequencer.cjs',
  workerIdleMemoryLimit: '700MB',
  maxWorkers: '100%',
};
