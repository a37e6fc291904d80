import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './redis-server.js';

/** Who has not answered for so long is frozen. */
const SILENCE_MS = 200;

/** A private memcached on a free port, stopped by its pid. */
export class MemcachedServer {
  #process: ChildProcess;

  private constructor(
    readonly port: number,
    private readonly args: string[],
  ) {
    this.#process = this.#spawn();
  }

  static async start(...args: string[]): Promise<MemcachedServer> {
    const server = new MemcachedServer(await freePort(), args);
    await server.isReady();
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Sends one line over a connection of its own. @returns the first line of the answer */
  async ask(line: string, signal?: AbortSignal): Promise<string> {
    const socket = connect(this.port, '127.0.0.1');
    try {
      socket.write(`${line}\r\n`);
      const [answer] = (await once(socket, 'data', { signal })) as [Buffer];
      return answer.toString().split('\r\n', 1)[0]!;
    } finally {
      socket.destroy();
    }
  }

  /** Seconds that an item has left; -1 where it has no end. */
  async ttlOf(key: string): Promise<number> {
    return Number(/^HD t(-?\d+)/.exec(await this.ask(`mg ${key} t`))?.[1]);
  }

  /** Stops it from answering, with its connections left open. Its threads go on until its first has heard of it. */
  async freeze(): Promise<void> {
    this.#process.kill('SIGSTOP');
    const isAnswering = () => this.ask('version', AbortSignal.timeout(SILENCE_MS));
    while (await isAnswering().catch(() => undefined));
  }

  resume(): void {
    this.#process.kill('SIGCONT');
  }

  /** Ends it as a crash does: all that it had is gone. */
  async kill(): Promise<void> {
    if (!this.#isRunning) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }

  /** Starts it again after `kill()`, on its port. */
  async restart(): Promise<void> {
    this.#process = this.#spawn();
    await this.isReady();
  }

  stop(): Promise<void> {
    return this.kill();
  }

  async isReady(): Promise<void> {
    while (!(await this.ask('version').catch(() => undefined))) {
      if (!this.#isRunning) throw new Error('memcached ended when it was started');
      await sleep(20);
    }
  }

  get #isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  #spawn(): ChildProcess {
    const own = ['-l', '127.0.0.1', '-p', `${this.port}`, '-U', '0', '-u', 'nobody', '-m', '64'];
    return spawn('memcached', [...own, ...this.args], { stdio: 'ignore' });
  }
}
