import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const FILES = ['package.json', 'package-lock.json', 'CHANGELOG.md', 'scripts/release.mjs'];
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sessions-release-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Runs a program in the folder. `npm` is one that only says what it was asked for. */
function run(command: string, ...args: string[]) {
  const env = { ...process.env, PATH: `${folder}/.git:${process.env['PATH']}` };
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

function git(...args: string[]): void {
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@localhost'];
  execFileSync('git', [...author, ...args], { cwd: folder, stdio: 'ignore' });
}

function change(path: string, from: RegExp, to: string): void {
  const text = readFileSync(join(folder, path), 'utf8');
  writeFileSync(join(folder, path), text.replace(from, to));
}

describe('the release script', () => {
  beforeEach(() => {
    for (const path of FILES) cpSync(path, join(folder, path));
    change('CHANGELOG.md', /^## .*$/m, `## ${version} (2026-12-01)`);
    change('package.json', /  "repository": ("[^"]*"|\{[^}]*\}),\n/, '');
    git('init', '--quiet');
    writeFileSync(join(folder, '.git/npm'), '#!/bin/sh\necho "npm $*"\n', { mode: 0o755 });
  });
  const release = (...args: string[]) => {
    git('add', '--all');
    git('commit', '--quiet', '--message', 'all');
    return run('node', 'scripts/release.mjs', ...args);
  };

  it('builds and looks at the package, and publishes nothing', () => {
    const { status, stdout, stderr } = release();
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^npm run build\nnpm run check:package\n/);
    expect(stdout).not.toMatch(/^npm publish/m);
    expect(status).toBe(0);
  });

  it('publishes, with provenance, where it is told to and package.json names the repository', () => {
    expect(release('--publish').stderr).toContain('package.json names no repository');
    change('package.json', /"license"/, '"repository": "github:example/example",\n  "license"');
    const { status, stdout } = release('--publish');
    expect(stdout).toContain('npm run check:package\nnpm publish --provenance --access public\n');
    expect(status).toBe(0);
  });

  it.each([
    ['CHANGELOG.md', /\(2026-12-01\)/, '(unreleased)', `calls ${version} unreleased`],
    ['CHANGELOG.md', /^## .*$/m, '## 9.9.9 (2026-12-01)', 'CHANGELOG.md begins with 9.9.9'],
    ['package-lock.json', /"version": ".*?"/, '"version": "9.9.9"', 'package-lock.json has 9.9.9'],
    ['package.json', /"provenance": true/, '"provenance": false', 'needs publishConfig'],
  ])('refuses a wrong %s: %s', (path, from, to, problem) => {
    change(path, from, to);
    const { status, stdout, stderr } = release();
    expect(stderr).toContain(problem);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  });

  it('refuses a work tree with a file that is not committed, and a version that was released', () => {
    release();
    writeFileSync(join(folder, 'stray.txt'), '');
    expect(run('node', 'scripts/release.mjs').stderr).toContain('the work tree is not clean');
    rmSync(join(folder, 'stray.txt'));
    git('tag', `v${version}`);
    expect(run('node', 'scripts/release.mjs').stderr).toContain(`the tag v${version} is there`);
  });
});

interface Packed {
  size: number;
  unpackedSize: number;
  files: { path: string }[];
}

describe('the check of what is packed', () => {
  let packed: Packed;
  beforeAll(() => {
    const args = ['pack', '--dry-run', '--json', '--ignore-scripts', '--silent'];
    const printed = execFileSync('npm', args, { encoding: 'utf8' });
    packed = Object.values(JSON.parse(printed) as Record<string, Packed>)[0]!;
  }, 30_000);

  /** What it says where `npm pack` would say something else. */
  function check(changed: Partial<Packed>): string {
    const file = join(folder, 'packed.json');
    writeFileSync(file, JSON.stringify([{ ...packed, ...changed }]));
    return spawnSync('node', ['scripts/check-contents.mjs', file], { encoding: 'utf8' }).stderr;
  }

  it('lets the package through', () => {
    expect(check({})).toBe('');
  });

  it('refuses what is larger than the budget', () => {
    const refused = check({ size: 9e6, unpackedSize: 9e7 }).split('\n');
    expect(refused[0]).toMatch(/^size is 9000000 bytes, of \d+ that the budget has$/);
    expect(refused[1]).toMatch(/^unpackedSize is 90000000 bytes/);
  });

  it.each([
    'dist/.env',
    'dist/test/session.spec.js.map',
    'docs/notes.txt',
    'src/index.ts',
    'dist/index.d.ts.bak',
  ])('refuses %s', (path) => {
    const refused = check({ files: [...packed.files, { path }] });
    expect(refused).toBe(`${path} is nothing that belongs into the package\n`);
  });

  it.each(['LICENSE', 'dist/index.js.map', 'dist/cjs/schematics/nest-add/schema.json'])(
    'misses %s',
    (path) => {
      const isOther = (file: { path: string }) => file.path !== path;
      const refused = check({ files: packed.files.filter(isOther) });
      expect(refused).toBe(`${path} is missing\n`);
    },
  );
});
