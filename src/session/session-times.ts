import type { Lifetime, SessionRecord } from '../backends/session-backend.js';
import type { Whose } from './session-store.js';
import { endsAtMs, metadataRecord, type OwnLifetime, type SessionMetadata } from './metadata.js';

/** When sessions are written without being changed, and how long they live. */
export interface TimeSettings {
  readonly lifetime: Lifetime;
  /** How long a use is not written again. */
  readonly touchIntervalMs: number;
  /** After how long a secret is renewed; `Infinity` for never. */
  readonly renewIntervalMs: number;
}

/** How long a use that this request has stored is not stored by it again, however short the interval is. */
const STORED_USE_MS = 1000;

/** When one session was used, how long it lives, and what of that is not stored yet. */
export class SessionTimes {
  #metadata: SessionMetadata;
  #ownToStore: OwnLifetime | undefined;
  #mustTouch = false;
  #isUseStored = false;

  /** @param clock the one that ends sessions */
  constructor(
    private readonly settings: TimeSettings,
    private readonly clock: { now(): number },
    metadata?: SessionMetadata,
  ) {
    this.#metadata = metadata ?? beginning(clock.now());
  }

  clone(): SessionTimes {
    const copy = new SessionTimes(this.settings, this.clock, this.#metadata);
    copy.#ownToStore = this.#ownToStore;
    copy.#mustTouch = this.#mustTouch;
    copy.#isUseStored = this.#isUseStored;
    return copy;
  }

  get metadata(): SessionMetadata {
    return this.#metadata;
  }

  get expiresAtMs(): number {
    return endsAtMs(this.#metadata, this.settings.lifetime);
  }

  /** A life of its own that was set and is not stored yet. */
  get ownToStore(): OwnLifetime | undefined {
    return this.#ownToStore;
  }

  /** Whether a use must be stored, or a lifetime, whatever the interval says. */
  get mustStore(): boolean {
    return this.#mustTouch || this.#ownToStore !== undefined;
  }

  get isTouchDue(): boolean {
    const { seenAtMs, idleMs } = this.#metadata;
    const intervalMs = Math.min(this.settings.touchIntervalMs, (idleMs ?? Infinity) / 20);
    const leastMs = this.#isUseStored ? STORED_USE_MS : 0;
    return this.mustStore || this.clock.now() - seenAtMs >= Math.max(intervalMs, leastMs);
  }

  get isRenewDue(): boolean {
    const { createdAtMs, renewedAtMs = createdAtMs } = this.#metadata;
    return this.clock.now() - renewedAtMs >= this.settings.renewIntervalMs;
  }

  get nowMs(): number {
    return this.clock.now();
  }

  touch(): void {
    this.#mustTouch = true;
  }

  setLifetime(lifetime: OwnLifetime): void {
    this.#ownToStore = { ...this.#ownToStore, ...lifetime };
    this.#metadata = { ...this.#metadata, ...lifetime };
  }

  /** Begins now, with the life of its own that it has been given. */
  begin(): void {
    const nowMs = this.clock.now();
    this.#isUseStored = true;
    this.#metadata = {
      ...this.#metadata,
      createdAtMs: nowMs,
      seenAtMs: nowMs,
      renewedAtMs: undefined,
    };
  }

  /** All of it, as fields of a record. */
  toRecord(): SessionRecord {
    return metadataRecord(this.#metadata);
  }

  /** Notes whose it has been stored as. */
  settleSignIn(whose: Whose & OwnLifetime): void {
    this.#metadata = { ...this.#metadata, ...whose };
  }

  /** Notes that a use was stored, and with it a life of its own. */
  settleUse(stored: OwnLifetime | undefined, isNewSecret: boolean): void {
    const seenAtMs = Math.max(this.clock.now(), this.#metadata.seenAtMs);
    this.#metadata = { ...this.#metadata, seenAtMs, ...(isNewSecret && { renewedAtMs: seenAtMs }) };
    if (isPart(this.#ownToStore, stored)) this.#ownToStore = undefined;
    this.#mustTouch = false;
    this.#isUseStored = true;
  }
}

function isPart(part: OwnLifetime = {}, whole: OwnLifetime = {}): boolean {
  return (Object.keys(part) as (keyof OwnLifetime)[]).every((key) => part[key] === whole[key]);
}

function beginning(nowMs: number): SessionMetadata {
  return { createdAtMs: nowMs, seenAtMs: nowMs };
}
