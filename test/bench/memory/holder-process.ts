import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { HolderKind } from './holders.js';

export interface HolderSettings {
  readonly kind: HolderKind;
  readonly sessions: number;
  /** Of a `MemoryBackend`. */
  readonly maxSessions?: number;
}

export type Operation = 'get' | 'update';

export interface Question {
  readonly operation: Operation;
  /** How many of the sessions are in use, chosen from all of them at equal distances. */
  readonly busy: number;
}

/** What the process says: how much its sessions take, once, and how long an operation took, whenever it is asked. */
export type HolderMessage = { bytes: number } | { nanosPerOperation: number };

const MAIN = fileURLToPath(new URL('holder-main.js', import.meta.url));
const NODE_OPTIONS = ['--expose-gc', '--max-old-space-size=8192'];

/** A process that holds sessions, seen from the one that measures it. */
export class HolderProcess {
  /** Heap and external memory, after a garbage collection, above that before the first session. */
  bytes = Number.NaN;
  readonly #exit: Promise<never>;

  private constructor(
    readonly settings: HolderSettings,
    private readonly process: ChildProcess,
  ) {
    this.#exit = once(process, 'exit').then(([code, signal]) => {
      throw new Error(`${settings.kind}: its process ended by itself (${signal ?? code})`);
    });
    this.#exit.catch(() => {});
  }

  /** @param signal ends the process while it is being filled */
  static async start(settings: HolderSettings, signal: AbortSignal): Promise<HolderProcess> {
    signal.throwIfAborted();
    const child = fork(MAIN, [JSON.stringify(settings)], { execArgv: NODE_OPTIONS });
    const holder = new HolderProcess(settings, child);
    const stop = () => child.kill('SIGKILL');
    signal.addEventListener('abort', stop);
    try {
      const message = await holder.#next();
      if ('bytes' in message) holder.bytes = message.bytes;
      return holder;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Nanoseconds that one operation takes, in a batch of many on random sessions of those in use. */
  async time(question: Question): Promise<number> {
    this.process.send(question);
    const message = await this.#next();
    if ('nanosPerOperation' in message) return message.nanosPerOperation;
    throw new Error(`${this.settings.kind}: it did not tell a time`);
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.process;
    if (exitCode !== null || signalCode !== null) return;
    this.process.kill('SIGKILL');
    await once(this.process, 'exit');
  }

  async #next(): Promise<HolderMessage> {
    const [message] = await Promise.race([once(this.process, 'message'), this.#exit]);
    return message as HolderMessage;
  }
}
