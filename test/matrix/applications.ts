import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { RedisServer } from '../support/redis-server.js';
import type { Case } from './cases.js';
import { drive } from './drive.js';
import { INSTALLS } from './installs.js';
import { writeEmptyPackage, writeProject } from './project.js';
import { run, withServer } from './run.js';

const installs = new Map<string, Promise<string>>();

/** Installs what a case needs, and the library as it is packed, once for all cases that need the same. */
function install(folder: string, name: Case['install'], tarball: string): Promise<string> {
  const known = installs.get(name);
  if (known) return known;
  writeEmptyPackage(folder);
  const packages = INSTALLS[name].packages.map((each) => `'${each}'`).join(' ');
  const installing = run(`npm install ${packages} ${tarball}`, { cwd: folder });
  installs.set(name, installing);
  return installing;
}

/** Makes the application of a case, runs its tests, and uses it on both adapters, in memory and on Redis. */
export async function runApplication(each: Case, root: string, tarball: string): Promise<void> {
  const parent = join(root, each.install);
  await install(parent, each.install, tarball);
  const cwd = join(parent, each.name.replaceAll(/\W+/g, '-'));
  writeProject(cwd, each);
  symlinkSync('../node_modules', join(cwd, 'node_modules'));
  for (const command of each.build) await run(command, { cwd });
  if (each.test) await run(each.test, { cwd });
  for (const ADAPTER of ['express', 'fastify']) {
    await withServer(each.start, { cwd, env: { ADAPTER } }, drive);
  }
  await (each.isWithoutRedis ? refuseRedis(each, cwd) : driveOnRedis(each, cwd));
}

async function driveOnRedis({ start }: Case, cwd: string): Promise<void> {
  const redis = await RedisServer.start();
  try {
    await withServer(start, { cwd, env: { REDIS_URL: redis.url } }, drive);
    assert.match((await redis.info('commandstats'))['cmdstat_mget'] ?? '', /calls=/);
  } finally {
    await redis.stop();
  }
}

async function refuseRedis({ start }: Case, cwd: string): Promise<void> {
  const starting = run(start, { cwd, env: { REDIS_URL: 'redis://127.0.0.1:1' } });
  await assert.rejects(starting, /RedisBackend\.fromUrl needs ioredis: npm install ioredis/);
}
