/** What several cases install together: each install is a folder, in which each of its cases is one. */
export interface Install {
  readonly packages: readonly string[];
}

const nest = (major: number, ...names: string[]) =>
  [...names, 'common', 'core', 'platform-express', 'platform-fastify'].map(
    (name) => `@nestjs/${name}@${major}`,
  );
/** What every application has that the library asks for. */
const ALWAYS = ['reflect-metadata', 'rxjs', '@types/node@20', '@types/express@5'];
const TESTS = ['supertest@7', '@types/supertest@6'];
const JEST = ['jest@30', '@jest/globals@30', '@swc/core', '@swc/jest'];

export const INSTALLS = {
  nest11: {
    packages: [
      ...nest(11, 'testing', 'cli', 'schematics'),
      ...ALWAYS,
      ...JEST,
      ...TESTS,
      'ioredis',
      'typescript@5',
      'ts-jest@29',
      '@swc/cli',
      'ts-loader',
      'webpack',
      'esbuild',
    ],
  },
  nest12: {
    packages: [
      ...nest(12, 'testing'),
      ...ALWAYS,
      ...JEST,
      ...TESTS,
      'ioredis',
      'typescript@6',
      'vitest',
      'esbuild',
      'unplugin-swc',
    ],
  },
  nest11bare: { packages: [...nest(11), ...ALWAYS, 'typescript@5'] },
  nest12bare: { packages: [...nest(12), ...ALWAYS, 'typescript@6'] },
} satisfies Record<string, Install>;
