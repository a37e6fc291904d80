import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { counting } from '../support/generated-projects.js';
import { countVisits } from '../support/counter.js';
import { RedisServer } from '../support/redis-server.js';
import { writeEmptyPackage } from './project.js';
import { run } from './run.js';

/** `nest add` in a project that the generator of a major has just made. */
interface Addition {
  readonly name: string;
  run(root: string, tarball: string): Promise<string>;
}

export const ADDITIONS: readonly Addition[] = [11, 12].map((major) => ({
  name: `Nest ${major}, nest new and nest add`,
  run: (root, tarball) => runAddition(root, major, tarball),
}));

async function runAddition(root: string, major: number, tarball: string): Promise<string> {
  const cwd = await generate(join(root, `add-${major}`), major, tarball);
  const generated = read(cwd);
  await add(cwd, 'memory');
  const added = read(cwd);
  await add(cwd, 'redis');
  assert.deepEqual(read(cwd), added, 'run again it changes nothing');
  await useApplication(cwd, major);

  await run('rm -rf src .env', { cwd });
  mkdirSync(join(cwd, 'src'));
  for (const [path, text] of generated) if (!path.endsWith('.json')) write(cwd, path, text);
  // As the Nest CLI runs it once it has installed the library.
  await run('schematics nestjs-server-session:nest-add --source-root=src --store=redis', { cwd });
  const redis = await RedisServer.start();
  try {
    await useApplication(cwd, major, { REDIS_URL: redis.url });
    assert.match((await redis.info('commandstats'))['cmdstat_mget'] ?? '', /calls=/);
  } finally {
    await redis.stop();
  }
  return 'as promised';
}

/** Makes a project, with the library as it is packed. */
async function generate(folder: string, major: number, tarball: string): Promise<string> {
  writeEmptyPackage(folder);
  await run(`npm install @nestjs/cli@${major}`, { cwd: folder });
  const options = '--skip-install --skip-git --package-manager npm --strict';
  await run(`nest new app ${options}`, { cwd: folder });
  const cwd = join(folder, 'app');
  cpSync('.npmrc', join(cwd, '.npmrc'));
  await run(`npm install ${tarball}`, { cwd });
  return cwd;
}

/** The library is installed already, as what is tried is in no registry. */
async function add(cwd: string, store: string): Promise<void> {
  await run(`nest add nestjs-server-session --skip-install --store=${store}`, { cwd });
}

/** Builds, checks and tests it by its own scripts, and counts visits. */
async function useApplication(
  cwd: string,
  major: number,
  env?: Record<string, string>,
): Promise<void> {
  write(
    cwd,
    'src/app.controller.ts',
    counting(major === 12 ? './app.service.js' : './app.service'),
  );
  for (const command of ['npm run build', 'npx prettier --check src', 'npm run lint']) {
    await run(command, { cwd });
  }
  for (const command of ['npm test', 'npm run test:e2e']) await run(command, { cwd, env });
  await countVisits(cwd, env);
}

/** All files of a project but those that are installed or built. */
function read(cwd: string): Map<string, string> {
  const files = readdirSync(cwd, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(cwd.length + 1))
    .filter((path) => !/^(node_modules|dist)\//.test(path));
  return new Map(files.map((path) => [path, readFileSync(join(cwd, path), 'utf8')]));
}

function write(cwd: string, path: string, text: string): void {
  writeFileSync(join(cwd, path), text);
}
