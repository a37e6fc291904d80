// `npm run release` says whether this commit can be released as the version that package.json names, and what is missing.
// `npm run release -- --publish` does it, where the forge's CI can vouch for where the package was built (provenance).
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const PUBLISH = ['publish', '--provenance', '--access', 'public'];
const isPublishing = process.argv.includes('--publish');

const { version, repository, publishConfig } = readJson('package.json');
/** What stands in the way, a sentence each. */
const problems = [...ofTree(), ...ofChangelog(), ...ofManifest()];
for (const problem of problems) console.error(`- ${problem}`);
if (problems.length > 0) {
  console.error(`${version} can't be released yet.`);
  process.exit(1);
}

run('npm', ['run', 'build']);
run('npm', ['run', 'check:package']);
if (isPublishing) {
  run('npm', PUBLISH);
} else {
  console.log(
    `${version} can be released. What publishes it, in the forge's CI: npm run release -- --publish`,
  );
}
console.log(`Then: git tag v${version} && git push origin v${version}`);

function ofTree() {
  if (ask('git', ['status', '--porcelain'])) return ['the work tree is not clean: commit it first'];
  if (!ask('git', ['tag', '--list', `v${version}`])) return [];
  return [`the tag v${version} is there already: it was released before`];
}

/** The newest entry is this version's, and is dated. */
function ofChangelog() {
  const [, top, note] =
    /^## (\S+)(?: \((.*)\))?$/m.exec(readFileSync('CHANGELOG.md', 'utf8')) ?? [];
  if (top !== version) {
    return [`CHANGELOG.md begins with ${top ?? 'nothing'}, and package.json has ${version}`];
  }
  if (/^\d{4}-\d{2}-\d{2}$/.test(note ?? '')) return [];
  return [`CHANGELOG.md calls ${version} ${note ?? 'nothing'}: write its date, (YYYY-MM-DD)`];
}

function ofManifest() {
  const found = [];
  const locked = readJson('package-lock.json').version;
  if (locked !== version) found.push(`package-lock.json has ${locked}: run npm install`);
  if (!publishConfig?.provenance || publishConfig.access !== 'public') {
    found.push('package.json needs publishConfig: { "access": "public", "provenance": true }');
  }
  if (isPublishing && !repository) {
    found.push('package.json names no repository, which provenance is checked against');
  }
  return found;
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function ask(command, args) {
  return execFileSync(command, args, { encoding: 'utf8' }).trim();
}

function run(command, args) {
  execFileSync(command, args, { stdio: 'inherit' });
}
