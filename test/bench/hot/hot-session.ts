import { Connection } from '../connection.js';
import type { Measurement } from '../rounds.js';
import { ServerProcess } from '../server-process.js';
import { named } from '../subject.js';
import type { Variant } from '../variants.js';
import { beginSession, getRequest } from '../visitor.js';
import { BURST } from './fields.js';

/** What one burst of requests on one session gave. */
export interface BurstSample {
  /** From the first request to the last answer. */
  readonly wallMs: number;
  readonly cpuMicrosPerRequest: number;
  /** How many of the fields that were written are there afterwards. */
  readonly fieldsKept: number;
}

/** Each round opens its connections anew, because servers close those that were left alone. */
const BURSTS_PER_ROUND = 4;

/** The server of one variant, asked by many connections for the same session. */
export class HotSession {
  readonly samples: BurstSample[] = [];

  private constructor(
    readonly variant: Variant,
    private readonly server: ServerProcess,
  ) {}

  static start(variant: Variant, redisUrl: string): Promise<HotSession> {
    return named(
      variant,
      async () => new HotSession(variant, await ServerProcess.start(variant, redisUrl)),
    );
  }

  /** For `runRounds`. The first burst, on connections that are new, counts for nothing. */
  measurement(): Measurement {
    return (isKept) =>
      named(this.variant, async () => {
        const { port } = this.server;
        const connections: Connection[] = [];
        try {
          while (connections.length < BURST) connections.push(await Connection.open(port));
          await this.#burst(connections);
          for (let i = 0; i < BURSTS_PER_ROUND; i++) {
            const sample = await this.#burst(connections);
            if (isKept) this.samples.push(sample);
          }
        } finally {
          for (const connection of connections) connection.close();
        }
      });
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  async #burst(connections: readonly Connection[]): Promise<BurstSample> {
    const { port } = this.server;
    const cookie = await beginSession(port, 'session');
    const requests = connections.map((_, number) => getRequest(port, `field/${number}`, cookie));
    const cpuBefore = await this.server.cpuMicros();
    const startedAtMs = performance.now();
    const answers = connections.map((connection, number) => connection.send(requests[number]!));
    for (const { status, body } of await Promise.all(answers)) {
      if (status !== 200) throw new Error(`answered ${status} ${body}`);
    }
    const wallMs = performance.now() - startedAtMs;
    const cpuMicros = (await this.server.cpuMicros()) - cpuBefore;
    const { body } = await connections[0]!.send(getRequest(port, 'fields', cookie));
    const { fields } = JSON.parse(body) as { fields: number };
    return { wallMs, cpuMicrosPerRequest: cpuMicros / BURST, fieldsKept: fields };
  }
}
