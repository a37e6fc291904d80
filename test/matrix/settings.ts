/** Files that a project of each kind has. */

/** `skipLibCheck: false`: the library's declarations are checked with the application's own. */
export const COMPILER = {
  target: 'es2023',
  strict: true,
  esModuleInterop: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  skipLibCheck: false,
  types: ['node'],
  rootDir: 'src',
  outDir: 'dist',
};

const SWC_OPTIONS = {
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
};
export const SWC = JSON.stringify({ ...SWC_OPTIONS, module: { type: 'commonjs' } });

export const JEST_TS = `module.exports = { transform: { '\\\\.ts$': 'ts-jest' }, rootDir: 'src' };`;
export const JEST_SWC = `module.exports = { transform: { '\\\\.ts$': '@swc/jest' }, rootDir: 'src' };`;
export const JEST_ESM = `export default {
  rootDir: 'src',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\\\.{1,2}/.*)\\\\.js$': '$1' },
  transform: { '\\\\.ts$': ['@swc/jest', ${JSON.stringify({ ...SWC_OPTIONS, module: { type: 'es6' } })}] },
};`;
export const VITEST = `import swc from 'unplugin-swc';
export default { plugins: [swc.vite()], test: { globals: false, include: ['src/**/*.spec.ts'] } };`;
