import type { Measurement } from '../rounds.js';
import type { Relay } from './relay.js';

/** Something whose latency is measured in each round, without the relay's delay and with it. */
export class Probe {
  readonly p50s: Readonly<Record<'near' | 'far', number[]>> = { near: [], far: [] };

  /** @param p50Ms measures once */
  constructor(
    private readonly relay: Relay,
    private readonly delayMs: number,
    private readonly p50Ms: () => Promise<number>,
  ) {}

  /** For `runRounds`. */
  readonly measure: Measurement = async (isKept) => {
    const near = await this.#p50At(0);
    const far = await this.#p50At(this.delayMs);
    if (!isKept) return;
    this.p50s.near.push(near);
    this.p50s.far.push(far);
  };

  async #p50At(delayMs: number): Promise<number> {
    await this.relay.delay(delayMs);
    return this.p50Ms();
  }
}
