import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a server says: where it listens, once, and how much CPU time it has used, whenever it is asked. */
export type ServerMessage = { port: number } | { cpuMicros: number };

const SERVER = fileURLToPath(new URL('server.js', import.meta.url));

/** The server of one variant, seen from the process that measures it. */
export class ServerProcess {
  port = 0;
  readonly #exit: Promise<never>;

  private constructor(private readonly process: ChildProcess) {
    this.#exit = once(process, 'exit').then(([code, signal]) => {
      throw new Error(`its server ended by itself (${signal ?? `exit code ${code}`})`);
    });
    this.#exit.catch(() => {});
  }

  /**
   * @param main the program that serves it, where that is not the one of requests
   * @param execArgv options for node, such as `--cpu-prof`
   */
  static async start(
    { platform, kind }: { readonly platform: string; readonly kind: string },
    url: string,
    { main = SERVER, execArgv = [] }: { main?: string; execArgv?: string[] } = {},
  ): Promise<ServerProcess> {
    const child = fork(main, [platform, kind, url], {
      env: { ...process.env, NODE_ENV: 'production' },
      execArgv,
      // What a server logs is no part of the result.
      stdio: ['ignore', process.stderr, 'inherit', 'ipc'],
    });
    const server = new ServerProcess(child);
    const message = await server.#next();
    if ('port' in message) server.port = message.port;
    return server;
  }

  /** User and system time that the process has used so far. */
  async cpuMicros(): Promise<number> {
    this.process.send('cpu');
    const message = await this.#next();
    if ('cpuMicros' in message) return message.cpuMicros;
    throw new Error('its server did not tell its CPU time');
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.process;
    if (exitCode !== null || signalCode !== null) return;
    this.process.kill('SIGKILL');
    await once(this.process, 'exit');
  }

  async #next(): Promise<ServerMessage> {
    const [message] = await Promise.race([once(this.process, 'message'), this.#exit]);
    return message as ServerMessage;
  }
}
