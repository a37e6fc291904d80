import type { Bounds, RequestEvent } from '../history.js';
import type { Effect } from './deeds.js';
import type { Lineage } from './lineage.js';

/**
 * For whole seconds of Redis, and for clocks that are read at other times than ours. Where the machine was slow for longer, a
 * process may hold Redis' clock for that much behind, and date what it makes by it.
 */
const TOLERANCE_MS = 400;

interface Own {
  readonly idleMs: number;
  readonly absoluteMs: number;
}

interface Life {
  readonly createdMs: number;
  lastUseMs: number;
  /** The shortest life of its own that it was certainly given; the one of the options where there is none. */
  own?: Own;
}

/** Until when sessions must be alive, by both clocks: what is certain of their making and of their use. */
export class Uses {
  readonly #lives = new Map<string, Life>();
  /** The shortest life that each session may have been given. */
  readonly #shortest = new Map<string, Own>();

  constructor(
    private readonly bounds: Bounds,
    requests: readonly RequestEvent[],
    lineage: Lineage,
    private readonly slowestMs: number,
  ) {
    for (const { sight, steps } of requests) {
      for (const step of steps) {
        if (step.op !== 'lifetime' || !sight) continue;
        const session = lineage.of(sight.id);
        const own = { idleMs: step.idle * 1000, absoluteMs: step.absolute * 1000 };
        this.#shortest.set(session, shorter(this.#shortest.get(session) ?? bounds, own));
      }
    }
  }

  get #toleranceMs(): number {
    return Math.max(TOLERANCE_MS, this.slowestMs);
  }

  /** Notes a write that was certainly stored. */
  add(session: string, effect: Effect, askedMs: number): void {
    const { fromMs, isNew, kind, by } = effect;
    const known = this.#lives.get(session);
    // What changes nothing is not stored, and its use may be noted or not.
    if (known && kind === 'add' && by === 0) return;
    // A later write to it says nothing of when it was made.
    if (!known && !isNew) return;
    const life: Life = known ?? { createdMs: askedMs, lastUseMs: fromMs };
    life.lastUseMs = Math.max(life.lastUseMs, fromMs);
    if (effect.life) life.own = shorter(life.own ?? effect.life, effect.life);
    this.#lives.set(session, life);
  }

  /** Whether neither clock may have ended it by then. A use may be noted as up to `touchInterval` older than it is. */
  isAliveAt(session: string, atMs: number): boolean {
    const life = this.#lives.get(session);
    if (!life) return false;
    // Once it certainly has a life of its own, only another one of its own takes the place of that.
    const { idleMs, absoluteMs } = life.own ?? this.#shortest.get(session) ?? this.bounds;
    const touchMs = Math.min(this.bounds.touchMs, idleMs / 2);
    const idleEndMs = life.lastUseMs + idleMs - touchMs;
    return atMs < Math.min(idleEndMs, life.createdMs + absoluteMs) - this.#toleranceMs;
  }
}

function shorter(one: Own, other: Own): Own {
  return {
    idleMs: Math.min(one.idleMs, other.idleMs),
    absoluteMs: Math.min(one.absoluteMs, other.absoluteMs),
  };
}
