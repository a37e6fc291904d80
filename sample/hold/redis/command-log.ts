import { ServiceUnavailableException } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { RedisProcess } from './redis-process.js';

/** What Redis says of commands that a script has run within itself, which nobody has sent. */
const WITHIN_A_SCRIPT = 'lua';

/** What Redis is asked, by its own word: `MONITOR` tells every command that reaches it, in its order. */
export class CommandLog {
  readonly #seen: string[][] = [];
  #onMark = () => {};
  #onLost = () => {};

  private constructor(
    private readonly client: Redis,
    private readonly monitor: Redis,
  ) {
    monitor.on('monitor', (_time: string, args: string[], source: string) => {
      if (args[0]?.toLowerCase() === 'echo') this.#onMark();
      else if (source !== WITHIN_A_SCRIPT) this.#seen.push(args);
    });
    monitor.on('close', () => this.#onLost());
  }

  static async open({ port }: RedisProcess): Promise<CommandLog> {
    const client = new Redis({ port, maxRetriesPerRequest: 1 });
    client.on('error', () => {});
    return new CommandLog(client, await client.monitor());
  }

  /** The names of the commands that a task sends, of those whose keys begin with a prefix. */
  async during(prefix: string, task: () => Promise<unknown>): Promise<string[]> {
    await this.#mark();
    this.#seen.length = 0;
    await task();
    await this.#mark();
    return this.#seen
      .filter((args) => args.some((arg) => arg.startsWith(prefix)))
      .map(([name]) => name!.toUpperCase());
  }

  close(): void {
    this.client.disconnect();
    this.monitor.disconnect();
  }

  /** A command of our own, so that all before it have been told when it is. */
  async #mark(): Promise<void> {
    const told = new Promise<void>((resolve, reject) => {
      this.#onMark = resolve;
      this.#onLost = () => reject(new ServiceUnavailableException());
    });
    await Promise.all([this.client.echo('mark'), told]);
  }
}
