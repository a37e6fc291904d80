// Reads what `npm pack --json` said, and fails where the package is larger than it may be, or holds what it should not.
import { readFileSync } from 'node:fs';

/** In bytes. Source maps hold the sources, and are half of it. Raise it knowingly: each install pays for it. */
const BUDGET = { size: 860_000, unpackedSize: 5_000_000 };

const ALLOWED = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
  /^docs\/[a-z0-9-]+\.(md|svg)$/,
  /^dist\/([a-z-]+\/)*[a-z.-]+\.(js|cjs|d\.ts|d\.cts|js\.map|cjs\.map)$/,
  /^dist\/cjs\/package\.json$/,
  /^dist\/cjs\/schematics\/([a-z-]+\/)?[a-z-]+\.json$/,
];
const REFUSED = /(^|\/)\.|\.(spec|test)\./;
const NEEDED = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'dist/index.js'];

/** What `npm pack --json` says of the one package. */
const [{ files, ...sizes }] = Object.values(JSON.parse(readFileSync(process.argv[2], 'utf8')));
const paths = new Set(files.map(({ path }) => path));

/** What is wrong, a sentence each. */
const problems = [
  ...Object.entries(BUDGET)
    .filter(([name, most]) => sizes[name] > most)
    .map(([name, most]) => `${name} is ${sizes[name]} bytes, of ${most} that the budget has`),
  ...[...paths]
    .filter((path) => REFUSED.test(path) || !ALLOWED.some((allowed) => allowed.test(path)))
    .map((path) => `${path} is nothing that belongs into the package`),
  ...[...NEEDED, ...schematics()]
    .filter((path) => !paths.has(path))
    .map((path) => `${path} is missing`),
  ...[...paths].filter((path) => /\.c?js$/.test(path)).flatMap(besides),
];

/** What the Nest CLI looks for: nothing else that checks the package knows of it. */
function schematics() {
  const collection = JSON.parse(readFileSync('package.json', 'utf8')).schematics.replace('./', '');
  const folder = collection.slice(0, collection.lastIndexOf('/'));
  const all = Object.values(JSON.parse(readFileSync(collection, 'utf8')).schematics);
  const parts = all.flatMap(({ factory, schema }) => [`${factory.split('#')[0]}.js`, schema]);
  return [collection, ...parts.map((path) => path.replace('.', folder))];
}

/** What a debugger and a compiler look for beside each file of code. */
function besides(path) {
  const types = path.replace(/js$/, 'ts').replace(/\.(c?ts)$/, '.d.$1');
  const missing = [`${path}.map`, types].filter((other) => !paths.has(other));
  if (missing.length > 0) return missing.map((other) => `${other} is missing`);
  const { sourcesContent } = JSON.parse(readFileSync(`${path}.map`, 'utf8'));
  return sourcesContent?.every(Boolean) ? [] : [`${path}.map holds no source`];
}

const { size, unpackedSize } = sizes;
console.log(`${paths.size} files, ${size} bytes packed, ${unpackedSize} unpacked`);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
