import type {
  AtomicSessionBackend,
  Lifetime,
  SecretChange,
  SessionRecord,
  UpdateResult,
} from '../backends/session-backend.js';
import { expiresAtMs, FIELD, isMetadata, ttlSeconds } from '../backends/session-record.js';
import { decodeField, type SessionCodec } from './codec.js';
import { metadataRecord, readMetadata } from './metadata.js';
import { Operations } from './operations.js';
import { observed, tellReplaced } from './session-events.js';
import type {
  DecodedRecord,
  LoadedSession,
  RefusedToken,
  SessionStore,
  StoreChange,
  StoreResult,
} from './session-store.js';
import { Identity, isSameHash } from './token.js';

/** How long a token that was replaced is told from one that nobody knows: what a late request writes goes nowhere. */
const REPLACED_MS = 60_000;

const GONE: StoreResult = { status: 'gone' };

export interface ServerStoreOptions {
  readonly backend: AtomicSessionBackend;
  readonly codec: SessionCodec;
  readonly lifetime: Lifetime;
  /** How long the secret before a renewal still opens the session. */
  readonly renewGraceMs: number;
  /** Told of a stored session that can't be read. The error may quote the session's values, so it is not passed on. */
  onUndecodable(id: string): void;
}

/** Keeps sessions in a backend, each as one record under its id. */
export class ServerStore implements SessionStore {
  readonly #operations = new Operations();

  constructor(private readonly options: ServerStoreOptions) {}

  /** How long sessions live that say nothing else. */
  get lifetime(): Lifetime {
    return this.options.lifetime;
  }

  now(): number {
    return this.options.backend.now?.() ?? Date.now();
  }

  async load(token: string): Promise<LoadedSession | RefusedToken | null> {
    const asked = Identity.ofToken(token);
    const record = await this.#get(asked.id);
    if (!record) return null;
    // Of a format that came later: whoever understands it may go on with it.
    if (record[FIELD.version] !== undefined) return { kind: 'refused', id: asked.id };
    if (!this.#isAlive(asked.id, record)) return null;
    const opening = this.#opening(asked, record);
    if (opening === 'none') return this.#refuse(asked.id, record);
    return this.#loaded(asked, record, opening === 'current');
  }

  async reload(identity: Identity): Promise<LoadedSession | null> {
    const record = await this.#get(identity.id);
    const isSame = record?.[FIELD.generation] === identity.generation;
    if (!record || !isSame || !this.#isAlive(identity.id, record)) return null;
    return this.#loaded(identity, record, isSameHash(identity.hash, record[FIELD.hash]));
  }

  /** A session by its id alone, to look at. */
  async peek(id: string): Promise<DecodedRecord | null> {
    const record = await this.#get(id);
    if (!record || record[FIELD.version] !== undefined) return null;
    return this.#isAlive(id, record) ? this.#decoded(id, record) : null;
  }

  async create(identity: Identity, begin: () => SessionRecord): Promise<StoreResult> {
    const { backend, lifetime } = this.options;
    await backend.syncClock?.();
    const record: SessionRecord = {
      [FIELD.generation]: identity.generation,
      [FIELD.hash]: identity.hash,
      ...begin(),
    };
    const ttl = ttlSeconds(record, lifetime, this.now());
    await observed('commit', identity.id, async () => {
      // Where the id is taken, an earlier try of ours was applied, though it seemed to fail: it is 128 random bits that
      // nobody else was told.
      if (!(await backend.create(identity.id, record, ttl))) {
        await backend.set(identity.id, record, ttl);
      }
    });
    const persistent = record[FIELD.isPersistent];
    return {
      status: 'stored',
      token: identity.token,
      expiresAtMs: expiresAtMs(record, lifetime),
      isPersistent: persistent === undefined ? undefined : persistent === '1',
      wasEmpty: false,
      isEmpty: false,
    };
  }

  async update(identity: Identity, change: StoreChange): Promise<StoreResult> {
    const { backend, lifetime } = this.options;
    const { next, ownLifetime, ...data } = change;
    const { id, generation, hash } = identity;
    const remove = [...data.remove, ...this.#operations.takeAcknowledged(id)];
    const secret = next && this.#secret(next);
    const set = ownLifetime ? { ...data.set, ...metadataRecord(ownLifetime) } : data.set;
    const sent = { ...data, set, remove, generation, hash, ...(secret && { secret }) };
    const kind = isTouch(change) ? 'touch' : 'commit';
    const result = await observed(kind, id, () => backend.update(id, sent, lifetime));
    if (change.operation) this.#operations.acknowledge(id, change.operation);
    if (result.status === 'gone') return GONE;
    const isNext = next && (next.kind === 'regenerate' || !result.isEmpty);
    return this.#told(result, isNext ? next.identity : identity);
  }

  end(id: string): Promise<void> {
    return observed('destroy', id, () => this.options.backend.delete(id));
  }

  #get(id: string): Promise<SessionRecord | null> {
    return observed('load', id, () => this.options.backend.get(id));
  }

  #told(result: Exclude<UpdateResult, { status: 'gone' }>, identity: Identity): StoreResult {
    const token = result.status === 'applied' ? identity.token : undefined;
    return { ...result, status: 'stored', token };
  }

  #secret({ identity, kind }: NonNullable<StoreChange['next']>): SecretChange {
    const { hash, generation } = identity;
    const graceMs = this.options.renewGraceMs;
    return kind === 'regenerate' ? { hash, generation, graceMs } : { hash, graceMs };
  }

  #isAlive(id: string, record: SessionRecord): boolean {
    const endsAtMs = expiresAtMs(record, this.options.lifetime);
    const isBroken = Number.isNaN(endsAtMs) || !record[FIELD.hash] || !record[FIELD.generation];
    if (isBroken) this.options.onUndecodable(id);
    return !isBroken && endsAtMs > this.now();
  }

  #opening(asked: Identity, record: SessionRecord): 'current' | 'previous' | 'none' {
    if (isSameHash(asked.hash, record[FIELD.hash])) return 'current';
    const [previous, endsAtMs] = record[FIELD.previous]?.split('.') ?? [];
    const isInGrace = isSameHash(asked.hash, previous) && Number(endsAtMs) > this.now();
    return isInGrace ? 'previous' : 'none';
  }

  /** Its token was right once: somebody may have stolen it, or be late. */
  #refuse(id: string, record: SessionRecord): RefusedToken | null {
    tellReplaced(id);
    const replacedAtMs = Number(record[FIELD.renewedAtMs] ?? record[FIELD.createdAtMs]);
    return this.now() - replacedAtMs < REPLACED_MS ? { kind: 'refused' } : null;
  }

  #loaded(asked: Identity, record: SessionRecord, isCurrent: boolean): LoadedSession | null {
    const decoded = this.#decoded(asked.id, record);
    return (
      decoded && {
        kind: 'session',
        ...decoded,
        identity: asked.inGeneration(decoded.generation),
        isCurrent,
      }
    );
  }

  #decoded(id: string, record: SessionRecord): DecodedRecord | null {
    const metadata = readMetadata(record);
    const generation = record[FIELD.generation];
    const data = this.#decodedData(record);
    if (metadata && generation && data) return { record, metadata, generation, data };
    this.options.onUndecodable(id);
    return null;
  }

  #decodedData(record: SessionRecord): ReadonlyMap<string, unknown> | undefined {
    const data = new Map<string, unknown>();
    try {
      for (const key in record) {
        if (!isMetadata(key)) data.set(key, decodeField(this.options.codec, record[key]!));
      }
      return data;
    } catch {
      return undefined;
    }
  }
}

function isTouch({ set, remove, increment, keep, next, ownLifetime }: StoreChange): boolean {
  if (next ?? keep ?? ownLifetime) return false;
  for (const _ in set) return false;
  for (const _ in increment) return false;
  return remove.length === 0;
}
