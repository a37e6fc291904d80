import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './redis-server.js';

const BIN = programsFolder();
const USER = userThatIsNotRoot();
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '16MB',
  unix_socket_directories: '',
  listen_addresses: '127.0.0.1',
};

/** A private PostgreSQL on a free port, stopped by its pid. */
export class PostgresServer {
  private process: ChildProcess;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly spawn: () => ChildProcess,
  ) {
    this.process = spawn();
  }

  /** @param settings of `postgresql.conf` */
  static async start(settings: Record<string, string | number> = {}): Promise<PostgresServer> {
    return PostgresServer.#launch(settings, (folder) => {
      const args = ['-N', '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C'];
      run('initdb', ['-D', folder, ...args], folder);
    });
  }

  /** Starts a standby of this one. */
  standby(): Promise<PostgresServer> {
    return PostgresServer.#launch({}, (folder) => {
      const args = ['-R', '-c', 'fast', '-h', '127.0.0.1', '-p', `${this.port}`, '-U', 'postgres'];
      run('pg_basebackup', ['-D', folder, ...args], folder);
    });
  }

  static async #launch(
    settings: Record<string, string | number>,
    initialize: (folder: string) => void,
  ): Promise<PostgresServer> {
    const folder = await mkdtemp(join(tmpdir(), 'sessions-postgres-'));
    if (USER) chownSync(folder, USER.uid, USER.gid);
    initialize(folder);
    const port = await freePort();
    const all = Object.entries({ ...SETTINGS, port, ...settings });
    const args = ['-D', folder, ...all.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
    const options = { stdio: 'ignore', cwd: folder, ...USER } as const;
    const server = new PostgresServer(port, folder, () =>
      spawn(join(BIN, 'postgres'), args, options),
    );
    try {
      await server.isReady();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Waits until it takes connections. */
  async isReady(): Promise<void> {
    while (this.isRunning) {
      try {
        return void (await this.with((client) => client.query('SELECT 1')));
      } catch {
        await sleep(20);
      }
    }
    throw new Error('postgres ended when it was started');
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  get isRunning(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /**
   * @param options of the pool; its idle connections may be lost without ending the process
   * @param Pool that of another version of pg
   */
  pool(options: pg.PoolConfig = {}, Pool = pg.Pool): pg.Pool {
    const pool = new Pool({ connectionString: this.url, ...options });
    pool.on('error', () => {});
    return pool;
  }

  /** A connection that is not yet open; it may be lost without ending the process. */
  client(): pg.Client {
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 5000 });
    client.on('error', () => {});
    return client;
  }

  /** Runs one task with a connection of its own. */
  async with<T>(task: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = this.client();
    try {
      await client.connect();
      return await task(client);
    } finally {
      await client.end().catch(() => {});
    }
  }

  /** Stops it from answering, with its connections left open. */
  freeze(): void {
    this.process.kill('SIGSTOP');
    this.#signalBackends('SIGSTOP');
  }

  resume(): void {
    this.#signalBackends('SIGCONT');
    this.process.kill('SIGCONT');
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    this.process.kill('SIGSTOP');
    this.#signalBackends('SIGKILL');
    await this.#end('SIGKILL');
  }

  /** Starts it again after `kill()`, on its port and in its folder; it may not be ready yet. */
  restart(): void {
    this.process = this.spawn();
  }

  async stop(): Promise<void> {
    if (this.isRunning) {
      this.resume();
      // At once, without waiting for connections, and with nothing left in shared memory.
      await this.#end('SIGQUIT');
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const exit = once(this.process, 'exit');
    this.process.kill(signal);
    await exit;
  }

  /** Each connection is a process of its own. */
  #signalBackends(signal: NodeJS.Signals): void {
    for (const pid of childrenOf(this.process.pid!)) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended by itself.
      }
    }
  }
}

function run(program: string, args: string[], cwd: string): void {
  execFileSync(join(BIN, program), args, { stdio: 'ignore', cwd, ...USER });
}

function childrenOf(pid: number): number[] {
  try {
    const list = execFileSync('pgrep', ['-P', `${pid}`], { encoding: 'utf8' });
    return list.trim().split('\n').map(Number);
  } catch {
    return [];
  }
}

/** Where `initdb` and `postgres` are: where `POSTGRES_BIN` says, on PATH, or where Debian has them. */
function programsFolder(): string {
  const given = process.env['POSTGRES_BIN'];
  if (given) return given;
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).map(Number) : [];
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...versions.toSorted((a, b) => b - a).map((version) => join(debian, `${version}`, 'bin')),
  ];
  const isThere = (folder: string) =>
    ['initdb', 'postgres', 'pg_basebackup'].every((program) => existsSync(join(folder, program)));
  return folders.find(isThere) ?? '';
}

/** PostgreSQL does not run as root. */
function userThatIsNotRoot(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
