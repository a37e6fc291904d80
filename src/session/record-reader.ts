import type { AtomicSessionBackend, Lifetime, SessionRecord } from '../backends/session-backend.js';
import { FIELD, isMetadata } from '../backends/session-record.js';
import { decodeField, type SessionCodec } from './codec.js';
import { endsAtMs, readMetadata, type SessionMetadata } from './metadata.js';
import { observed, tellReplaced } from './session-events.js';
import type { DecodedRecord, LoadedSession, RefusedToken } from './session-store.js';
import { Identity, isSameHash } from './token.js';

/** How long a token that was replaced is told from one that nobody knows: what a late request writes goes nowhere. */
const REPLACED_MS = 60_000;

export interface RecordReaderOptions {
  readonly backend: AtomicSessionBackend;
  readonly codec: SessionCodec;
  readonly lifetime: Lifetime;
  /** Told of a stored session that can't be read. The error may quote the session's values, so it is not passed on. */
  onUndecodable(id: string): void;
}

/** Reads sessions from the records of a backend, and says what a token opens. */
export class RecordReader {
  constructor(private readonly options: RecordReaderOptions) {}

  /** The clock that ends sessions, milliseconds since 1970. */
  now(): number {
    return this.options.backend.now?.() ?? Date.now();
  }

  async load(token: string): Promise<LoadedSession | RefusedToken | null> {
    const asked = Identity.ofToken(token);
    const askedAt = performance.now();
    const record = await this.#get(asked.id);
    if (!record) return null;
    // Of a format that came later: whoever understands it may go on with it.
    if (record[FIELD.version] !== undefined) return { kind: 'refused', id: asked.id };
    const nowMs = this.#timeOf(askedAt);
    const metadata = this.#living(asked.id, record, nowMs);
    if (!metadata) return null;
    const opening = this.#opening(asked, record, nowMs);
    if (opening === 'none') return this.#refuse(asked.id, metadata);
    return this.#loaded(asked, record, metadata, opening === 'current');
  }

  async reload(identity: Identity): Promise<LoadedSession | null> {
    const askedAt = performance.now();
    const record = await this.#get(identity.id);
    if (record?.[FIELD.generation] !== identity.generation) return null;
    const metadata = this.#living(identity.id, record, this.#timeOf(askedAt));
    if (!metadata) return null;
    const isCurrent = isSameHash(identity.hash, record[FIELD.hash]);
    return this.#loaded(identity, record, metadata, isCurrent);
  }

  /** A session by its id alone, to look at. */
  async peek(id: string): Promise<DecodedRecord | null> {
    const askedAt = performance.now();
    const record = await this.#get(id);
    if (!record || record[FIELD.version] !== undefined) return null;
    const metadata = this.#living(id, record, this.#timeOf(askedAt));
    const data = metadata && this.#decoded(id, record);
    return metadata && data ? { metadata, data } : null;
  }

  /** What a token opens, where the record of its id was read. */
  identityIn(token: string, record: SessionRecord): Identity | undefined {
    const asked = Identity.ofToken(token);
    const generation = record[FIELD.generation];
    if (generation === undefined || record[FIELD.version] !== undefined) return undefined;
    if (this.#opening(asked, record, this.now()) === 'none') return undefined;
    return asked.inGeneration(generation);
  }

  #get(id: string): Promise<SessionRecord | null> {
    return observed('load', id, () => this.options.backend.get(id));
  }

  /**
   * When something was asked that is answered now. A record was read between the two: by the time of a late answer it may
   * seem to have ended, while somebody else uses the session, which goes on.
   */
  #timeOf(askedAt: number): number {
    return this.now() - Math.floor(performance.now() - askedAt);
  }

  /** The metadata of a record whose session had not ended. */
  #living(id: string, record: SessionRecord, nowMs: number): SessionMetadata | undefined {
    const metadata = readMetadata(record);
    if (metadata && record[FIELD.hash] && record[FIELD.generation]) {
      return endsAtMs(metadata, this.options.lifetime) > nowMs ? metadata : undefined;
    }
    this.options.onUndecodable(id);
    return undefined;
  }

  #opening(asked: Identity, record: SessionRecord, nowMs: number): 'current' | 'previous' | 'none' {
    if (isSameHash(asked.hash, record[FIELD.hash])) return 'current';
    const [previous, endsAtMs] = record[FIELD.previous]?.split('.') ?? [];
    const isInGrace = isSameHash(asked.hash, previous) && Number(endsAtMs) > nowMs;
    return isInGrace ? 'previous' : 'none';
  }

  /** Its token was right once: somebody may have stolen it, or be late. */
  #refuse(id: string, { createdAtMs, renewedAtMs }: SessionMetadata): RefusedToken | null {
    tellReplaced(id);
    const replacedAtMs = renewedAtMs ?? createdAtMs;
    return this.now() - replacedAtMs < REPLACED_MS ? { kind: 'refused' } : null;
  }

  #loaded(
    asked: Identity,
    record: SessionRecord,
    metadata: SessionMetadata,
    isCurrent: boolean,
  ): LoadedSession | null {
    const data = this.#decoded(asked.id, record);
    if (!data) return null;
    const identity = asked.inGeneration(record[FIELD.generation]!);
    return { kind: 'session', record, metadata, data, identity, isCurrent };
  }

  #decoded(id: string, record: SessionRecord): ReadonlyMap<string, unknown> | undefined {
    try {
      return decodeData(this.options.codec, record);
    } catch {
      this.options.onUndecodable(id);
      return undefined;
    }
  }
}

/** The data of a record; throws what the codec throws. */
export function decodeData(codec: SessionCodec, record: SessionRecord): Map<string, unknown> {
  const data = new Map<string, unknown>();
  for (const key in record) {
    if (!isMetadata(key)) data.set(key, decodeField(codec, record[key]!));
  }
  return data;
}
