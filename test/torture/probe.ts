import { setTimeout as sleep } from 'node:timers/promises';
import type { Deployment } from './deployment.js';
import { nowMs } from './now.js';
import type { Recorder } from './recorder.js';
import type { Topology } from './servers/topology.js';

const EVERY_MS = 100;
/** What takes longer was held up by the machine, or by a fault. */
const SLOW_MS = 200;
/** How long a primary that was silent may answer what has waited, before it hears that another has taken its place. */
const LATE_MS = 2_000;
const OF_ITSELF = 'failover of itself';

/**
 * Asks each server and each application, by the shortest way and without any session, whether they answer at once, and
 * takes down when they don't: on a machine that is busy with other things a 503 may have no other cause. Nor may a failover.
 */
export async function probe(
  { topology, apps }: Deployment,
  recorder: Recorder,
  signal: AbortSignal,
): Promise<void> {
  const probers = topology.servers.map((server) => topology.prober(server));
  const failovers = new Failovers(topology, recorder);
  try {
    while (!signal.aborted) {
      const fromMs = nowMs();
      await Promise.all([
        ...probers.map((prober) => prober.isPrimary().catch(() => false)),
        ...apps.map(({ process }) => answer(process.port, signal)),
      ]);
      const toMs = nowMs();
      if (toMs - fromMs > SLOW_MS) recorder.add({ type: 'nemesis', name: 'slow', fromMs, toMs });
      failovers.look();
      await sleep(EVERY_MS);
    }
    await failovers.lookAgain();
  } finally {
    for (const prober of probers) prober.close();
  }
}

/** Notices a failover that nobody ordered, which may lose whatever was acknowledged before it. */
class Failovers {
  #epoch: number | undefined;
  #lookedAtMs = 0;
  #looking: Promise<void> | undefined;

  constructor(
    private readonly topology: Topology,
    private readonly recorder: Recorder,
  ) {}

  look(): void {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
  }

  async lookAgain(): Promise<void> {
    await this.#looking;
    await this.#look();
  }

  async #look(): Promise<void> {
    const epoch = await this.topology.epoch?.().catch(() => undefined);
    if (epoch === undefined) return;
    const before = this.#epoch;
    const wasOrdered = this.#wasOrderedSince(this.#lookedAtMs);
    this.#epoch = epoch;
    this.#lookedAtMs = nowMs();
    if (before === undefined || epoch <= before || wasOrdered) return;
    const event = { name: OF_ITSELF, losesTail: true, fromMs: 0, toMs: nowMs() + LATE_MS };
    this.recorder.add({ type: 'nemesis', ...event });
  }

  /** One that is ordered is over before its fault is. */
  #wasOrderedSince(fromMs: number): boolean {
    return this.recorder.events.some(
      (event) =>
        event.type === 'nemesis' &&
        event.losesTail === true &&
        event.name !== OF_ITSELF &&
        (event.toMs ?? Infinity) >= fromMs,
    );
  }
}

async function answer(port: number, signal: AbortSignal): Promise<void> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/ready`, { signal });
    await response.text();
  } catch {
    // It is being restarted, which is a fault of its own.
  }
}
