import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** `measure`: from now on how long the event loop is blocked. */
export type WatcherQuestion =
  { kind: 'watch'; ids: readonly string[] } | { kind: 'measure' } | { kind: 'measured' };

export type WatcherMessage =
  | { kind: 'listening'; port: number }
  | { kind: 'watching' }
  | { kind: 'measuring' }
  | { kind: 'measured'; longestMs: number }
  | { kind: 'ended'; id: string; atMs: number };

const MAIN = fileURLToPath(new URL('watcher-main.js', import.meta.url));

/** The process that watches sessions, seen from the one that ends them. */
export class WatcherProcess {
  port = 0;
  /** When each signal was aborted, by `process.hrtime`. */
  readonly endedAtMs = new Map<string, number>();
  readonly #exit: Promise<never>;

  private constructor(private readonly process: ChildProcess) {
    this.#exit = once(process, 'exit').then(([code, signal]) => {
      throw new Error(`the watching process ended by itself (${signal ?? `exit code ${code}`})`);
    });
    this.#exit.catch(() => {});
    process.on('message', (message: WatcherMessage) => {
      if (message.kind === 'ended') this.endedAtMs.set(message.id, message.atMs);
    });
  }

  static async start(redisUrl: string): Promise<WatcherProcess> {
    const child = fork(MAIN, [redisUrl], {
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: ['ignore', process.stderr, 'inherit', 'ipc'],
    });
    const watcher = new WatcherProcess(child);
    ({ port: watcher.port } = await watcher.#next('listening'));
    return watcher;
  }

  async watch(ids: readonly string[]): Promise<void> {
    this.process.send({ kind: 'watch', ids } satisfies WatcherQuestion);
    await this.#next('watching');
  }

  /** Runs something; for how long its event loop was blocked meanwhile at the most. */
  async longestBlockMs(run: () => Promise<void>): Promise<number> {
    this.process.send({ kind: 'measure' } satisfies WatcherQuestion);
    await this.#next('measuring');
    await run();
    this.process.send({ kind: 'measured' } satisfies WatcherQuestion);
    return (await this.#next('measured')).longestMs;
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.process;
    if (exitCode !== null || signalCode !== null) return;
    this.process.kill('SIGKILL');
    await once(this.process, 'exit');
  }

  async #next<K extends WatcherMessage['kind']>(
    kind: K,
  ): Promise<Extract<WatcherMessage, { kind: K }>> {
    const isIt = (message: WatcherMessage): message is Extract<WatcherMessage, { kind: K }> =>
      message.kind === kind;
    for (;;) {
      const [message] = (await Promise.race([once(this.process, 'message'), this.#exit])) as [
        WatcherMessage,
      ];
      if (isIt(message)) return message;
    }
  }
}
