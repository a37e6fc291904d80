import { mkdirSync, rmSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { CASES } from '../matrix/cases.js';
import { drive } from '../matrix/drive.js';
import { writeProject } from '../matrix/project.js';
import { run, withServer } from '../matrix/run.js';
import { ADAPTERS } from '../support/app.js';

/** Inside of the repository, so that all but the library itself is found in its `node_modules`. */
const FOLDER = 'test/.tmp/package';
const LIBRARY = `${FOLDER}/node_modules/nestjs-server-session`;
const CASE = CASES.find(({ name }) => name.includes('vitest'))!;
const cwd = FOLDER;

/** The cheapest of the cases of `npm run test:matrix`, which has those that install something. */
describe('an application made with what is packed', () => {
  beforeAll(async () => {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(LIBRARY, { recursive: true });
    const destination = `--ignore-scripts --silent --pack-destination ${FOLDER}`;
    const tarball = (await run(`npm pack ${destination}`, { cwd: '.' })).trim();
    await run(`tar -xzf ${FOLDER}/${tarball} -C ${LIBRARY} --strip-components=1`, { cwd: '.' });
    writeProject(FOLDER, { ...CASE, runner: undefined });
  }, 60_000);

  // With all declarations looked at, which `npm run typecheck` does too, it takes twice as long.
  it('compiles', async () => {
    const output = await run('node ../../../node_modules/typescript/bin/tsc -p . --skipLibCheck', {
      cwd,
    });
    expect(output).toBe('');
  }, 60_000);

  it.each(ADAPTERS)(
    'does on %s over HTTP what is promised',
    async (adapter) => {
      const started = withServer(CASE.start, { cwd, env: { ADAPTER: adapter } }, drive);
      await expect(started).resolves.toBeUndefined();
    },
    30_000,
  );
});
