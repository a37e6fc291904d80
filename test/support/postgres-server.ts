import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { freePort } from './redis-server.js';

/** Debian keeps the programs of each version in a folder of its own; elsewhere they are on PATH. */
const VERSIONS = '/usr/lib/postgresql';

/** A private PostgreSQL on a free port, stopped by its pid. */
export class PostgresServer {
  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly process: ChildProcess,
  ) {}

  static async start(): Promise<PostgresServer> {
    const folder = await mkdtemp(join(tmpdir(), 'sessions-postgres-'));
    const owner = unprivileged();
    if (owner) await chown(folder, owner.uid, owner.gid);
    const initdb = ['-D', folder, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'];
    await promisify(execFile)(program('initdb'), initdb, { ...owner, cwd: folder });
    const port = await freePort();
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'];
    const args = ['-D', folder, '-p', `${port}`, ...settings.flatMap((each) => ['-c', each])];
    const process = spawn(program('postgres'), args, { ...owner, cwd: folder, stdio: 'ignore' });
    const server = new PostgresServer(port, folder, process);
    await server.#isReady();
    return server;
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill('SIGQUIT');
      await once(this.process, 'exit');
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  async #isReady(): Promise<void> {
    for (;;) {
      if (this.process.exitCode !== null) throw new Error('postgres ended when it was started');
      const client = new Client(this.url);
      client.on('error', () => {});
      try {
        await client.connect();
        return;
      } catch {
        await sleep(50);
      } finally {
        await client.end().catch(() => {});
      }
    }
  }
}

/** PostgreSQL refuses to run as root. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  const user = users.find((line) => /^(postgres|nobody):/.test(line))!.split(':');
  return { uid: Number(user[2]), gid: Number(user[3]) };
}

function program(name: string): string {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS) : [];
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? name : join(VERSIONS, newest, 'bin', name);
}
