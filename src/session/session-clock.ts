import { expiresAtMs, type OwnLifetime, type SessionMetadata, ttlSeconds } from './metadata.js';
import type { SessionRuntime } from './session-runtime.js';

/** When one session was used, how long it lives, and what of that is not stored yet. */
export class SessionClock {
  #metadata: SessionMetadata;
  #ownLifetime: OwnLifetime | undefined;
  #mustTouch = false;

  constructor(
    private readonly runtime: SessionRuntime,
    metadata = newMetadata(),
  ) {
    this.#metadata = metadata;
  }

  get metadata(): SessionMetadata {
    return this.#metadata;
  }

  get expiresAtMs(): number {
    return expiresAtMs(this.#metadata, this.runtime.lifetime);
  }

  /** A lifetime that was set and is not stored yet. */
  get ownLifetime(): OwnLifetime | undefined {
    return this.#ownLifetime;
  }

  /** Whether a use must be stored, or a lifetime, whatever the interval says. */
  get mustStore(): boolean {
    return this.#mustTouch || this.#ownLifetime !== undefined;
  }

  get isTouchDue(): boolean {
    const { seenAtMs, idleMs } = this.#metadata;
    const intervalMs = Math.min(this.runtime.touchIntervalMs, (idleMs ?? Infinity) / 20);
    return this.#mustTouch || Date.now() - seenAtMs >= intervalMs;
  }

  get isRenewDue(): boolean {
    const { createdAtMs, renewedAtMs = createdAtMs } = this.#metadata;
    return Date.now() - renewedAtMs >= this.runtime.renewIntervalMs;
  }

  touch(): void {
    this.#mustTouch = true;
  }

  setLifetime(lifetime: OwnLifetime): void {
    this.#ownLifetime = { ...this.#ownLifetime, ...lifetime };
    this.#metadata = { ...this.#metadata, ...lifetime };
  }

  /** The metadata of a session that is created now. */
  created(): SessionMetadata {
    return { ...this.#metadata, ...newMetadata() };
  }

  /** What a use now changes; with a new token, that as well. */
  used(isRenewing = false): Partial<SessionMetadata> & { seenAtMs: number } {
    const seenAtMs = Date.now();
    return { ...this.#ownLifetime, seenAtMs, ...(isRenewing && { renewedAtMs: seenAtMs }) };
  }

  /** Whole seconds to live for a session that is used now. */
  ttlSeconds(change: Partial<SessionMetadata>): number {
    return ttlSeconds({ ...this.#metadata, ...change }, this.runtime.lifetime);
  }

  /** Notes what has been stored. */
  settle(change: Partial<SessionMetadata>): void {
    this.#metadata = { ...this.#metadata, ...change };
    this.#ownLifetime = undefined;
    this.#mustTouch = false;
  }
}

function newMetadata(): SessionMetadata {
  const nowMs = Date.now();
  return { createdAtMs: nowMs, seenAtMs: nowMs };
}
