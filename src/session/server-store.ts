import {
  type AtomicSessionBackend,
  EMPTY_MS,
  type Lifetime,
  type SecretChange,
  type SessionChange,
  type SessionRecord,
} from '../backends/session-backend.js';
import {
  expiresAtMs,
  FIELD,
  isEmptyRecord,
  isMetadata,
  ttlSeconds,
} from '../backends/session-record.js';
import type { EndReason, SessionEnds } from '../backends/session-ends.js';
import type { Admission, SignIns } from '../principals/sign-ins.js';
import { decodeField, type SessionCodec } from './codec.js';
import { NO_DATA } from './data-change.js';
import { endsAtMs, metadataRecord, readMetadata, type SessionMetadata } from './metadata.js';
import { Operations } from './operations.js';
import { observed, tellReplaced } from './session-events.js';
import type {
  DecodedRecord,
  LoadedSession,
  RefusedToken,
  Whose,
  SessionStore,
  StoreChange,
  StoreResult,
} from './session-store.js';
import { Identity, isSameHash } from './token.js';

/** How long a token that was replaced is told from one that nobody knows: what a late request writes goes nowhere. */
const REPLACED_MS = 60_000;

/** What says whose a session is. */
const WHOSE = [FIELD.principal, FIELD.signedInAtMs];

const GONE: StoreResult = { status: 'gone' };

export interface ServerStoreOptions {
  readonly backend: AtomicSessionBackend;
  readonly ends: SessionEnds;
  readonly codec: SessionCodec;
  readonly lifetime: Lifetime;
  readonly signIns: SignIns;
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

  async create(identity: Identity, begin: () => SessionRecord): Promise<StoreResult> {
    const { backend, lifetime } = this.options;
    await backend.syncClock?.();
    const begun = begin();
    const { generation, hash, id } = identity;
    const record: SessionRecord = { [FIELD.generation]: generation, [FIELD.hash]: hash, ...begun };
    const isEmpty = isEmptyRecord(record);
    const seconds = ttlSeconds(record, lifetime, this.now());
    const ttl = isEmpty ? Math.min(seconds, EMPTY_MS / 1000) : seconds;
    const isCreated = await observed('commit', id, () => backend.create(id, record, ttl));
    // Where the id is taken, an earlier try of ours was applied, though it seemed to fail: it is 128 random bits that
    // nobody else was told.
    if (!isCreated) return this.#createAgain(identity, begun);
    const persistent = record[FIELD.isPersistent];
    return {
      status: 'stored',
      token: identity.token,
      expiresAtMs: expiresAtMs(record, lifetime),
      isPersistent: persistent === undefined ? undefined : persistent === '1',
      wasEmpty: false,
      isEmpty,
    };
  }

  #createAgain(identity: Identity, begun: SessionRecord): Promise<StoreResult> {
    const { [FIELD.createdAtMs]: _, [FIELD.seenAtMs]: __, ...set } = begun;
    return this.update(identity, { ...NO_DATA, keep: [], set, isUse: true });
  }

  async update(identity: Identity, change: StoreChange): Promise<StoreResult> {
    const { backend, lifetime } = this.options;
    const { id } = identity;
    const admission = await this.#admission(id, change);
    const deadlineMs = admission && this.now() + admission.untilMs - performance.now();
    const sent = this.#sent(identity, change, admission);
    const kind = isTouch(change) ? 'touch' : 'commit';
    const result = await observed(kind, id, () => backend.update(id, sent, lifetime, deadlineMs));
    const { next, operation } = change;
    if (operation !== undefined) this.#operations.acknowledge(id, operation);
    if (result.status === 'gone') return this.#notSignedIn(id, change, admission);
    await this.#leaveBefore(id, change);
    const isNext = next && (next.kind === 'regenerate' || !result.isEmpty);
    const { token } = isNext ? next.identity : identity;
    const { expiresAtMs, isPersistent, wasEmpty, isEmpty } = result;
    return {
      status: 'stored',
      token: result.status === 'applied' ? token : undefined,
      expiresAtMs,
      isPersistent,
      wasEmpty,
      isEmpty,
      signedInAtMs: admission?.signedInAtMs,
    };
  }

  async end(id: string, reason: EndReason, { principal, signedInAtMs }: Whose = {}): Promise<void> {
    const { ends, signIns } = this.options;
    await observed('destroy', id, () => ends.end(id, reason));
    if (principal !== undefined) await signIns.leave(principal, id, signedInAtMs!);
  }

  /** What must be entered in the index before a change is written. */
  async #admission(id: string, change: StoreChange): Promise<Admission | undefined> {
    const { signIns } = this.options;
    const { signIn, whose, ownLifetime } = change;
    if (signIn) return signIns.admit(id, signIn);
    if (whose?.principal !== undefined && ownLifetime?.absoluteMs !== undefined) {
      await signIns.extend(whose.principal, ownLifetime.absoluteMs);
    }
    return undefined;
  }

  /** What did not become the principal's is not to count as if it were about to. */
  async #notSignedIn(
    id: string,
    { signIn }: StoreChange,
    admission: Admission | undefined,
  ): Promise<StoreResult> {
    if (admission && !admission.wasEntered) {
      await this.options.signIns.leave(signIn!.principal, id, admission.signedInAtMs);
    }
    return GONE;
  }

  /** Takes a session that is no longer a principal's out of the index. */
  async #leaveBefore(id: string, { signIn, isSignOut, whose }: StoreChange): Promise<void> {
    const { principal, signedInAtMs } = whose ?? {};
    if (principal === undefined || !(isSignOut || (signIn && signIn.principal !== principal)))
      return;
    await this.options.signIns.leave(principal, id, signedInAtMs!);
  }

  #get(id: string): Promise<SessionRecord | null> {
    return observed('load', id, () => this.options.backend.get(id));
  }

  #sent(
    { id, generation, hash }: Identity,
    change: StoreChange,
    admission: Admission | undefined,
  ): SessionChange {
    const { set, increment, isUse, keep, operation, next, ownLifetime, signIn } = change;
    const remove = change.isSignOut ? [...change.remove, ...WHOSE] : change.remove;
    const own = ownLifetime ?? signIn;
    const { principal } = signIn ?? {};
    const whose = admission && { principal, signedInAtMs: admission.signedInAtMs };
    const names = this.#operations.takeAcknowledged(id);
    return {
      generation,
      hash,
      secret: next && this.#secret(next),
      isUse,
      keep,
      set: own ? { ...set, ...metadataRecord({ ...ownLifetime, ...whose }) } : set,
      remove: names.length > 0 ? [...remove, ...names] : remove,
      increment,
      operation,
    };
  }

  #secret({ identity, kind }: NonNullable<StoreChange['next']>): SecretChange {
    const { hash, generation } = identity;
    const graceMs = this.options.renewGraceMs;
    return kind === 'regenerate' ? { hash, generation, graceMs } : { hash, graceMs };
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
    const data = new Map<string, unknown>();
    try {
      for (const key in record) {
        if (!isMetadata(key)) data.set(key, decodeField(this.options.codec, record[key]!));
      }
      return data;
    } catch {
      this.options.onUndecodable(id);
      return undefined;
    }
  }
}

function isTouch({
  set,
  remove,
  increment,
  keep,
  next,
  ownLifetime,
  signIn,
  isSignOut,
}: StoreChange): boolean {
  if ((next ?? keep ?? ownLifetime ?? signIn) || isSignOut) return false;
  for (const _ in set) return false;
  for (const _ in increment) return false;
  return remove.length === 0;
}
