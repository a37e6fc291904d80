import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { tmpdir } from 'node:os';
import { Redis, type RedisOptions } from 'ioredis';

/** The servers of the Redis kind that are on PATH: all that is promised on Redis is promised on each. */
export const SERVERS = ['redis-server', 'valkey-server'].filter(
  (program) => program === 'redis-server' || isOnPath(program),
);

/** A private redis-server on a free port, stopped by its pid. */
export class RedisServer {
  private process: ChildProcess;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly spawn: () => ChildProcess,
  ) {
    this.process = spawn();
  }

  static start(...args: string[]): Promise<RedisServer> {
    return RedisServer.startProgram('redis-server', ...args);
  }

  /** Starts another server that is used as redis-server is. */
  static startProgram(program: string, ...args: string[]): Promise<RedisServer> {
    return RedisServer.#launch(program, (port, folder) => {
      const own = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', folder];
      return [...own, ...args];
    });
  }

  /** Starts a Sentinel, which writes to its configuration. */
  static startSentinel(...lines: string[]): Promise<RedisServer> {
    return RedisServer.#launch('redis-server', async (port, folder) => {
      const file = join(folder, 'sentinel.conf');
      const own = [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`];
      await writeFile(file, [...own, ...lines, ''].join('\n'));
      return [file, '--sentinel'];
    });
  }

  static async #launch(
    program: string,
    argsFor: (port: number, folder: string) => string[] | Promise<string[]>,
  ): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'sessions-redis-'));
    const port = await freePort();
    const args = await argsFor(port, folder);
    const started = new RedisServer(port, folder, () => spawn(program, args, { stdio: 'ignore' }));
    try {
      await started.#isReady(program);
    } catch (error) {
      await rm(folder, { recursive: true });
      throw error;
    }
    return started;
  }

  async #isReady(program: string): Promise<void> {
    const client = this.client({ retryStrategy: () => 20, maxRetriesPerRequest: null });
    const ended = once(this.process, 'exit').then(() => {
      throw new Error(`${program} ended when it was started`);
    });
    // Loses the race where all is well, and rejects when the server is stopped.
    ended.catch(() => {});
    try {
      await Promise.race([client.ping(), ended]);
    } finally {
      client.disconnect();
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get isRunning(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  client(options: RedisOptions = {}): Redis {
    const client = new Redis({ host: '127.0.0.1', port: this.port, ...options });
    // Without a listener ioredis prints connection errors; commands report them anyway.
    client.on('error', () => {});
    return client;
  }

  /** Runs one task with a client of its own. */
  async with<T>(task: (client: Redis) => Promise<T>): Promise<T> {
    const client = this.client({ maxRetriesPerRequest: 0 });
    try {
      return await task(client);
    } finally {
      client.disconnect();
    }
  }

  /** What `INFO` says in one of its sections. */
  async info(section: string): Promise<Record<string, string>> {
    const text = await this.with((client) => client.info(section));
    return Object.fromEntries(
      text.split('\r\n').flatMap((line) => {
        const [name, value] = line.split(':', 2);
        return name && value !== undefined ? [[name, value]] : [];
      }),
    );
  }

  /** What it has written to its append-only file, byte for byte. */
  async appended(): Promise<string> {
    const folder = join(this.folder, 'appendonlydir');
    const names = (await readdir(folder)).filter((name) => name.endsWith('.incr.aof')).sort();
    const files = names.map((name) => readFile(join(folder, name), 'latin1'));
    return (await Promise.all(files)).join('');
  }

  /** Stops it from answering, with its connections left open. */
  freeze(): void {
    this.process.kill('SIGSTOP');
  }

  resume(): void {
    this.process.kill('SIGCONT');
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    this.process.kill('SIGKILL');
    await once(this.process, 'exit');
  }

  /** Starts it again after `kill()`, on its port and in its folder; it may not be ready yet. */
  restart(): void {
    this.process = this.spawn();
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Whether a replica has all that its master wrote. */
export async function isReplicated(master: RedisServer, replica: RedisServer): Promise<boolean> {
  const [from, to] = await Promise.all([master.info('replication'), replica.info('replication')]);
  return (
    to['master_link_status'] === 'up' &&
    to['master_port'] === `${master.port}` &&
    to['slave_repl_offset'] === from['master_repl_offset']
  );
}

const FIRST_PORT = 10_000;
/** Linux gives ports above to connections that go out. */
const LAST_PORT = 32_767;
/** Parallel test files begin at different places; one file never takes a port twice. */
let nextPort = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));

export async function freePort(): Promise<number> {
  for (;;) {
    const port = nextPort;
    nextPort = port === LAST_PORT ? FIRST_PORT : port + 1;
    const probe = createServer().listen(port, '127.0.0.1');
    try {
      await once(probe, 'listening');
    } catch {
      continue;
    }
    probe.close();
    await once(probe, 'close');
    return port;
  }
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
