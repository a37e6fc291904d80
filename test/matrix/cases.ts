import type { INSTALLS } from './installs.js';
import { COMPILER, JEST_ESM, JEST_SWC, JEST_TS, SWC, VITEST } from './settings.js';

/** One application of the template, with the tools of a kind of project. */
export interface Case {
  readonly name: string;
  readonly install: keyof typeof INSTALLS;
  readonly isEsm: boolean;
  readonly runner?: 'jest' | 'vitest';
  /** Text files of its folder. */
  readonly files: Readonly<Record<string, string>>;
  readonly build: readonly string[];
  readonly start: string;
  readonly test?: string;
  /** Whether ioredis is missing, so that a Redis' URL is refused with what to install. */
  readonly isWithoutRedis?: boolean;
}

const tsconfig = (options: object) => ({
  'tsconfig.json': JSON.stringify({
    compilerOptions: { ...COMPILER, ...options },
    include: ['src'],
  }),
});
const CLASSIC = { module: 'commonjs', moduleResolution: 'node10' };
const NODENEXT = { module: 'nodenext' };
const TSC = ['tsc -p .'];
const MAIN = 'node dist/main.js';
/** Packages that Nest looks for and does without. */
const EXTERNAL = ['microservices', 'websockets', 'platform-socket.io']
  .map((name) => `@nestjs/${name}`)
  .concat([
    'class-validator',
    'class-transformer',
    '@fastify/view',
    '@fastify/static',
    '@fastify/multipart',
  ])
  .map((name) => `--external:${name} --external:${name}/*`)
  .join(' ');
/** What CommonJS packages have around them, as globals: declarations would meet those of the bundle. */
const REQUIRE =
  "import{createRequire as __from}from'node:module';globalThis.require=__from(import.meta.url);globalThis.__dirname=import.meta.dirname;globalThis.__filename=import.meta.filename;";

const nest11 = { install: 'nest11', isEsm: false, runner: 'jest', test: 'jest' } as const;
const nest12 = { install: 'nest12', isEsm: true } as const;

export const CASES: readonly Case[] = [
  {
    name: 'Nest 11, CommonJS, classic tsc, ts-jest',
    ...nest11,
    files: { ...tsconfig(CLASSIC), 'jest.config.js': JEST_TS },
    build: TSC,
    start: MAIN,
  },
  {
    name: 'Nest 11, CommonJS, nodenext, ts-jest',
    ...nest11,
    files: { ...tsconfig(NODENEXT), 'jest.config.js': JEST_TS },
    build: TSC,
    start: MAIN,
  },
  {
    name: 'Nest 11, CommonJS, SWC, @swc/jest',
    ...nest11,
    files: { ...tsconfig(NODENEXT), '.swcrc': SWC, 'jest.config.js': JEST_SWC },
    build: ['tsc -p . --noEmit', 'swc src -d dist --strip-leading-paths'],
    start: MAIN,
  },
  {
    name: 'Nest 11, nest build --webpack',
    ...nest11,
    files: {
      ...tsconfig(CLASSIC),
      'nest-cli.json': JSON.stringify({ sourceRoot: 'src' }),
      'jest.config.js': JEST_TS,
    },
    build: ['nest build --webpack'],
    start: MAIN,
  },
  {
    name: 'Nest 11, an esbuild bundle',
    ...nest11,
    files: { ...tsconfig(CLASSIC), 'jest.config.js': JEST_TS },
    build: [
      ...TSC,
      `esbuild dist/main.js --bundle --platform=node ${EXTERNAL} --outfile=bundle.js`,
    ],
    start: 'node bundle.js',
  },
  {
    name: 'Nest 12, ES modules, nodenext, vitest',
    ...nest12,
    runner: 'vitest',
    files: { ...tsconfig(NODENEXT), 'vitest.config.js': VITEST },
    build: TSC,
    start: MAIN,
    test: 'vitest run',
  },
  {
    name: 'Nest 12, ES modules, Jest with vm-modules',
    ...nest12,
    runner: 'jest',
    files: { ...tsconfig(NODENEXT), 'jest.config.js': JEST_ESM },
    build: TSC,
    start: MAIN,
    test: 'node --experimental-vm-modules ../node_modules/jest/bin/jest.js',
  },
  {
    name: 'Nest 12, an esbuild bundle',
    ...nest12,
    files: tsconfig(NODENEXT),
    build: [
      ...TSC,
      `esbuild dist/main.js --bundle --platform=node --format=esm ${EXTERNAL} --outfile=bundle.mjs --banner:js="${REQUIRE}"`,
    ],
    start: 'node bundle.mjs',
  },
  {
    name: 'Nest 11, classic tsc, without ioredis',
    install: 'nest11bare',
    isEsm: false,
    files: tsconfig(CLASSIC),
    build: TSC,
    start: MAIN,
    isWithoutRedis: true,
  },
  {
    name: 'Nest 12, nodenext, without ioredis',
    install: 'nest12bare',
    isEsm: true,
    files: tsconfig(NODENEXT),
    build: TSC,
    start: MAIN,
    isWithoutRedis: true,
  },
];
