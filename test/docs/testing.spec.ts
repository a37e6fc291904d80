import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { compiled, readExamples } from '../support/examples.js';

const ROOT = new URL('../../', import.meta.url).pathname;
/** Inside the package, so that its own name leads to it, as `npm run build` made it. */
const FOLDER = join(ROOT, 'test/.tmp/testing-page');
const RUN_MS = 60_000;

/** The page's tests, run as their users run them. */
describe('docs/testing.md', () => {
  beforeAll(() => {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(join(FOLDER, 'vitest.config.js'), 'export default {};\n');
    for (const { text } of readExamples('docs/testing.md')) {
      const name = /^\/\/ (\S+)\.ts\n/.exec(text)![1]!;
      writeFileSync(join(FOLDER, `${name}.js`), `import 'reflect-metadata';\n${compiled(text)}`);
    }
  });

  function run(...args: string[]): { code: number | null; output: string } {
    const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1' };
    for (const name of Object.keys(env)) if (name.startsWith('VITEST')) delete env[name];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: FOLDER,
      env,
      encoding: 'utf8',
    });
    return { code: status, output: stdout + stderr };
  }

  it(
    'holds in vitest',
    () => {
      const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
      const { code, output } = run(vitest, 'run', 'cart.spec.js');
      expect(output).toMatch(/Tests +4 passed \(4\)/);
      expect(code).toBe(0);
    },
    RUN_MS,
  );

  it(
    'holds in node:test',
    () => {
      const { code, output } = run('--test', 'cart.test.js');
      expect(output).toMatch(/pass 1\b/);
      expect(code).toBe(0);
    },
    RUN_MS,
  );
});
