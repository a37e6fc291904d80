import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import { commandsRun, commandsSent } from '../redis-stats.js';
import type { Measurement } from '../rounds.js';
import { ServerProcess } from '../server-process.js';
import { quantile } from '../statistics.js';
import { named } from '../subject.js';
import { beginSession } from '../visitor.js';
import { Client } from './client.js';
import { sendPaced } from './paced.js';
import type { GatewayVariant } from './variants.js';

/** What one round of one variant gave. */
export interface GatewaySample {
  /** CPU time of the server's process, user and system. */
  readonly cpuMicrosPerMessage: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Commands that Redis ran, those called by scripts included. */
  readonly commandsRunPerMessage: number;
}

export interface CrowdSettings {
  readonly redisUrl: string;
  /** Counts commands. */
  readonly redis: Redis;
  readonly sockets: number;
  readonly signal: AbortSignal;
}

const MAIN = fileURLToPath(new URL('server.js', import.meta.url));
/** How many handshakes are under way at a time. */
const AT_ONCE = 32;
/** MONITOR slows Redis down, so sent commands are counted apart from the measured rounds, on these few messages. */
const MONITORED_MESSAGES = 400;

/** The server of one variant, and many clients with open sockets. */
export class Crowd {
  readonly samples: GatewaySample[] = [];
  /** Commands that the server sent to Redis; a script counts once. */
  commandsSentPerMessage = Number.NaN;

  private constructor(
    readonly variant: GatewayVariant,
    private readonly server: ServerProcess,
    private readonly clients: readonly Client[],
    private readonly settings: CrowdSettings,
  ) {}

  static async start(variant: GatewayVariant, settings: CrowdSettings): Promise<Crowd> {
    return named(variant, async () => {
      const server = await ServerProcess.start(variant, settings.redisUrl, { main: MAIN });
      const clients: Client[] = [];
      try {
        while (clients.length < settings.sockets) {
          settings.signal.throwIfAborted();
          const count = Math.min(AT_ONCE, settings.sockets - clients.length);
          const begun = Array.from({ length: count }, async () => {
            const cookie = await beginSession(server.port, 'session');
            return Client.connect(variant, server.port, cookie);
          });
          clients.push(...(await Promise.all(begun)));
        }
        return new Crowd(variant, server, clients, settings);
      } catch (error) {
        for (const client of clients) client.close();
        await server.stop();
        throw error;
      }
    });
  }

  /** Runs one round in which each socket sends a message a second, for `runRounds`. */
  measurement(seconds: number): Measurement {
    return (isKept) =>
      named(this.variant, async () => {
        const sample = await this.#measure(seconds);
        if (isKept) this.samples.push(sample);
      });
  }

  async countCommandsSent(): Promise<void> {
    await named(this.variant, async () => {
      const { redis, signal } = this.settings;
      const few = this.clients.slice(0, MONITORED_MESSAGES);
      const sent = await commandsSent(redis, () => sendPaced(few, 1, signal));
      this.commandsSentPerMessage = sent / few.length;
    });
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.close();
    await this.server.stop();
  }

  async #measure(seconds: number): Promise<GatewaySample> {
    const { redis, signal } = this.settings;
    const commandsBefore = await commandsRun(redis);
    const cpuBefore = await this.server.cpuMicros();
    const latencies = await sendPaced(this.clients, seconds, signal);
    const cpuMicros = (await this.server.cpuMicros()) - cpuBefore;
    const commands = (await commandsRun(redis)) - commandsBefore;
    return {
      cpuMicrosPerMessage: cpuMicros / latencies.length,
      p50Ms: quantile(latencies, 0.5),
      p99Ms: quantile(latencies, 0.99),
      commandsRunPerMessage: commands / latencies.length,
    };
  }
}
