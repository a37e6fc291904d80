import { setTimeout as sleep } from 'node:timers/promises';
import type { Deployment } from './deployment.js';
import { nowMs } from './now.js';
import type { Recorder } from './recorder.js';
import type { Prober } from './servers/probers.js';

const EVERY_MS = 100;
/** What takes longer was held up by the machine, or by a fault. */
const SLOW_MS = 200;

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
  const failovers = new Failovers(probers, recorder);
  try {
    while (!signal.aborted) {
      const fromMs = nowMs();
      await Promise.all([
        failovers.look(),
        ...apps.map(({ process }) => answer(process.port, signal)),
      ]);
      const toMs = nowMs();
      if (toMs - fromMs > SLOW_MS) recorder.add({ type: 'nemesis', name: 'slow', fromMs, toMs });
      await sleep(EVERY_MS);
    }
  } finally {
    for (const prober of probers) prober.close();
  }
}

/** Notices a failover that nobody ordered, which may lose whatever was acknowledged before it. */
class Failovers {
  readonly #wasPrimary = new Map<Prober, boolean>();

  constructor(
    private readonly probers: readonly Prober[],
    private readonly recorder: Recorder,
  ) {}

  async look(): Promise<void> {
    await Promise.all(this.probers.map((prober) => this.#lookAt(prober).catch(() => {})));
  }

  async #lookAt(prober: Prober): Promise<void> {
    const isPrimary = await prober.isPrimary();
    const hasTaken = isPrimary && this.#wasPrimary.get(prober) === false;
    this.#wasPrimary.set(prober, isPrimary);
    if (!hasTaken || this.#isOrdered) return;
    const event = { name: 'failover of itself', losesTail: true, fromMs: 0, toMs: nowMs() };
    this.recorder.add({ type: 'nemesis', ...event });
  }

  get #isOrdered(): boolean {
    return this.recorder.events.some(
      (event) => event.type === 'nemesis' && event.losesTail === true && event.toMs === undefined,
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
