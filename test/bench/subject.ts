import type { Redis } from 'ioredis';
import { commandsRun, commandsSent } from './redis-stats.js';
import type { Measurement } from './rounds.js';
import { ServerProcess } from './server-process.js';
import { quantile } from './statistics.js';
import { type Labelled, nameOf, type Variant } from './variants.js';
import { Visitor } from './visitor.js';

/** What one round of one variant gave. */
export interface Sample {
  /** CPU time of the server's process, user and system. */
  readonly cpuMicrosPerRequest: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Commands that Redis ran, those called by scripts included. */
  readonly commandsRunPerRequest: number;
}

export interface Surroundings {
  /** Of the Redis or the PostgreSQL that the server connects to. */
  readonly url: string;
  /** Counts commands. */
  readonly redis: Redis;
  /** How many clients ask at the same time, each with its own session and connection. */
  readonly visitors: number;
}

/** MONITOR slows Redis down, so sent commands are counted apart from the measured rounds, on these few requests. */
const MONITORED_REQUESTS = 400;

/** One variant under measurement: its server and its clients. */
export class Subject {
  readonly samples: Sample[] = [];
  /** Commands that the server sent to where sessions are kept; a script counts once. */
  commandsSentPerRequest = Number.NaN;

  private constructor(
    readonly variant: Variant,
    private readonly server: ServerProcess,
    private readonly visitors: readonly Visitor[],
    private readonly redis: Redis,
  ) {}

  static async start(variant: Variant, surroundings: Surroundings): Promise<Subject> {
    const { url, redis, visitors } = surroundings;
    return named(variant, async () => {
      const server = await ServerProcess.start(variant, url);
      try {
        const begun = Array.from({ length: visitors }, () => Visitor.begin(variant, server.port));
        return new Subject(variant, server, await Promise.all(begun), redis);
      } catch (error) {
        await server.stop();
        throw error;
      }
    });
  }

  /** Runs one round, for `runRounds`. */
  measurement(requests: number): Measurement {
    return async (isKept) => {
      const sample = await this.measure(requests);
      if (isKept) this.samples.push(sample);
    };
  }

  /** Runs one round. @throws Error that names the variant, where an answer is not what it must be */
  measure(requests: number): Promise<Sample> {
    return named(this.variant, async () => {
      const commandsBefore = await commandsRun(this.redis);
      const cpuBefore = await this.server.cpuMicros();
      const startedAtMs = performance.now();
      const latencies = await this.#visit(requests);
      const seconds = (performance.now() - startedAtMs) / 1000;
      const cpuMicros = (await this.server.cpuMicros()) - cpuBefore;
      const commands = (await commandsRun(this.redis)) - commandsBefore;
      return {
        cpuMicrosPerRequest: cpuMicros / latencies.length,
        requestsPerSecond: latencies.length / seconds,
        p50Ms: quantile(latencies, 0.5),
        p99Ms: quantile(latencies, 0.99),
        commandsRunPerRequest: commands / latencies.length,
      };
    });
  }

  /** @param sent how many commands are sent while some work is done */
  async countCommandsSent(
    sent = (work: () => Promise<unknown>) => commandsSent(this.redis, work),
  ): Promise<void> {
    await named(this.variant, async () => {
      // Whatever a session that was left alone for a while needs (this library's touch) is done here.
      await this.#visit(this.visitors.length);
      const commands = await sent(() => this.#visit(MONITORED_REQUESTS));
      this.commandsSentPerRequest = commands / MONITORED_REQUESTS;
    });
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  async #visit(requests: number): Promise<number[]> {
    const each = Math.ceil(requests / this.visitors.length);
    return (await Promise.all(this.visitors.map((visitor) => visitor.visit(each)))).flat();
  }
}

/** Names the variant in the errors of some work. */
export async function named<T>(variant: Labelled, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${nameOf(variant)}: ${reason}`, { cause });
  }
}
