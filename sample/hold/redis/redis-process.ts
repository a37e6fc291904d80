import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

/** `missing`: there is no `redis-server` on this machine. */
export type RedisState = 'running' | 'killed' | 'missing';

/**
 * Each change is with the operating system before it is answered, which keeps it when the process is killed. With `fsync`,
 * for machines that fail, writing would now and then wait for that.
 */
const WRITTEN_AT_ONCE = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'no'];

/**
 * A Redis of the demonstration's own, on a free port and in a folder of its own. It writes to a file what it has done, so
 * that it has all of it again when it is started after a kill.
 */
export class RedisProcess {
  #child: ChildProcess | undefined;
  /** Of a process that ends without having closed this. */
  readonly #atExit = () => {
    this.#child?.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  };

  private constructor(
    readonly port: number,
    private readonly folder: string,
  ) {
    process.on('exit', this.#atExit);
  }

  static async start(): Promise<RedisProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'sample-redis-'));
    const redis = new RedisProcess(await freePort(), folder);
    await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get state(): RedisState {
    if (this.pid === undefined) return 'missing';
    return isAlive(this.#child) ? 'running' : 'killed';
  }

  /** Is ready when this resolves, or `missing`. Starts nothing where it runs. */
  async start(): Promise<void> {
    if (isAlive(this.#child)) return;
    const own = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.folder];
    const child = spawn('redis-server', [...own, ...WRITTEN_AT_ONCE], { stdio: 'ignore' });
    this.#child = child;
    const ended = Promise.race([once(child, 'exit'), once(child, 'error')]);
    // Where there is no such program, `error` is all that comes.
    if (child.pid === undefined) await ended.catch(() => {});
    else await isReady(this.port, ended);
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!isAlive(child)) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async close(): Promise<void> {
    process.off('exit', this.#atExit);
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function isAlive(child: ChildProcess | undefined): child is ChildProcess {
  return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function isReady(port: number, ended: Promise<unknown>): Promise<void> {
  const client = new Redis({ port, retryStrategy: () => 20, maxRetriesPerRequest: null });
  // Refused until it listens.
  client.on('error', () => {});
  try {
    await Promise.race([client.ping(), ended]);
  } finally {
    client.disconnect();
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
