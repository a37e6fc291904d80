import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSC = 'node_modules/typescript/bin/tsc';
const MAIN = 'test/torture/dist/torture/main.js';
const SEED = 20_261_124;
/** A round of each: of the others these differ in what they bring about, and not only in how long it lasts. */
const PROFILES = 'crowded,short,renewing';
const COMPILE_MS = 120_000;
/** A minute of torture, and what starting, settling and judging takes. */
const TORTURE_MS = 180_000;

/** Runs a program of node to its end; what it printed, and whether all was well. */
async function run(...args: string[]): Promise<{ output: string; code: number | null }> {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { output, code };
}

/** Through the entry of `npm run torture`, against the package as `npm run build` made it. */
describe('a minute of torture', () => {
  beforeAll(async () => {
    const { output, code } = await run(TSC, '-p', 'test/torture/tsconfig.json', '--noCheck');
    if (code !== 0) throw new Error(output);
  }, COMPILE_MS);

  it(
    'breaks no promise',
    async () => {
      const only = ['--minutes', '1', '--topology', 'single', '--profile', PROFILES];
      const { output, code } = await run(MAIN, ...only, '--seed', `${SEED}`);
      if (code !== 0) throw new Error(output);
      expect(output).toContain('promise');
    },
    TORTURE_MS,
  );
});
