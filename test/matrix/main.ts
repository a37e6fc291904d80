import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADDITIONS } from './additions.js';
import { runApplication } from './applications.js';
import { CASES } from './cases.js';
import { run } from './run.js';
import { SUITES } from './suites.js';

/** `npm run test:matrix`, or `npm run test:matrix -- "Nest 11" webpack` for those whose name holds one of the words. */
const words = process.argv.slice(2);

const all = [
  ...CASES.map((each) => ({
    name: each.name,
    run: (root: string, tarball: string) =>
      runApplication(each, root, tarball).then(() => 'as promised'),
  })),
  ...ADDITIONS,
  ...SUITES,
];
const chosen = all.filter(
  ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
);

const root = await mkdtemp(join(tmpdir(), 'sessions-matrix-'));
const rows: { name: string; seconds: number; result: string }[] = [];
try {
  const packed = await run(`npm pack --ignore-scripts --silent --pack-destination ${root}`, {
    cwd: process.cwd(),
  });
  const tarball = join(root, packed.trim());
  for (const [index, { name, run: runCase }] of chosen.entries()) {
    const startedAt = performance.now();
    console.log(`[${index + 1}/${chosen.length}] ${name} …`);
    const result = await runCase(root, tarball).catch((error: Error) => {
      console.error(error.message);
      process.exitCode = 1;
      return 'FAILED';
    });
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    console.log(`[${index + 1}/${chosen.length}] ${name}: ${result}, ${seconds} s`);
    rows.push({ name, seconds, result });
  }
} finally {
  await rm(root, { recursive: true, force: true });
}
console.log(`\nOn Node ${process.version}\n\n| | | seconds |\n| --- | --- | --- |`);
for (const { name, result, seconds } of rows) console.log(`| ${name} | ${result} | ${seconds} |`);
if (chosen.length === 0) {
  console.error(`No case is named so. There are:\n${all.map(({ name }) => name).join('\n')}`);
  process.exitCode = 1;
}
