import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);

const PROGRAM = `
  import cluster from 'node:cluster';
  import { MemoryBackend } from 'nestjs-server-session';
  new MemoryBackend();
  if (cluster.isPrimary) cluster.fork();
  else {
    new MemoryBackend();
    process.exit();
  }
`;

it('memory in a worker of a cluster is warned of, once, and in the primary it is not', async () => {
  mkdirSync('test/.tmp', { recursive: true });
  writeFileSync('test/.tmp/memory-cluster.mjs', PROGRAM);
  const { stdout } = await run(process.execPath, ['test/.tmp/memory-cluster.mjs']);
  const warnings = stdout.split('\n').filter((line) => line.includes('in the memory'));
  expect(warnings).toEqual([expect.stringContaining('one of several of a cluster')]);
});
