import { applyChange } from '../backends/apply-change.js';
import { readRecordText } from '../backends/record-text.js';
import type { Lifetime, SessionChange, SessionRecord } from '../backends/session-backend.js';
import type { EndReason } from '../backends/session-ends.js';
import { expiresAtMs, FIELD, isEmptyRecord } from '../backends/session-record.js';
import { auditChange } from '../session/audit-change.js';
import { audit } from '../session/audit-events.js';
import type { SessionCodec } from '../session/codec.js';
import { endsAtMs, metadataRecord, readMetadata } from '../session/metadata.js';
import { decodeData } from '../session/record-reader.js';
import type {
  LoadedSession,
  RefusedToken,
  SessionStore,
  StoreChange,
  StoreResult,
  Whose,
} from '../session/session-store.js';
import { ID_LENGTH } from '../session/token.js';
import { CookieIdentity } from './cookie-identity.js';
import { unpack } from './packing.js';
import { tokenOf } from './token-of.js';

const WHOSE = [FIELD.principal, FIELD.signedInAtMs];

export interface CookieStoreOptions {
  readonly codec: SessionCodec;
  readonly lifetime: Lifetime;
  /** Told of a session that can't be read, though it was sealed here. */
  onUndecodable(id: string): void;
}

/** Keeps each session in its token, which is the record itself. Nothing is known of a session but what its client brings. */
export class CookieStore implements SessionStore {
  readonly isInToken = true;

  constructor(private readonly options: CookieStoreOptions) {}

  /** How long sessions live that say nothing else. */
  get lifetime(): Lifetime {
    return this.options.lifetime;
  }

  now(): number {
    return Date.now();
  }

  newIdentity(): CookieIdentity {
    return new CookieIdentity();
  }

  async load(token: string): Promise<LoadedSession | RefusedToken | null> {
    const text = unpack(Buffer.from(token, 'latin1'));
    if (text === undefined) return null;
    const id = text.slice(0, ID_LENGTH);
    const record = readRecordText(text.slice(ID_LENGTH));
    // Of a format that came later: whoever understands it may go on with it.
    if (record[FIELD.version] !== undefined) return { kind: 'refused', id };
    const identity = new CookieIdentity(id, record[FIELD.generation]);
    identity.held = { token, record, expiresAtMs: expiresAtMs(record, this.options.lifetime) };
    return this.#loaded(identity, record);
  }

  async reload(identity: CookieIdentity): Promise<LoadedSession | null> {
    return this.#loaded(identity, identity.held!.record);
  }

  async create(identity: CookieIdentity, begin: () => SessionRecord): Promise<StoreResult> {
    const record: SessionRecord = { [FIELD.generation]: identity.generation, ...begin() };
    const result = this.#hold(identity, record);
    const isEmpty = isEmptyRecord(record);
    if (!isEmpty) audit('begin', { id: identity.id });
    const persistent = record[FIELD.isPersistent];
    const isPersistent = persistent === undefined ? undefined : persistent === '1';
    return { ...result, isPersistent, wasEmpty: false, isEmpty };
  }

  async update(identity: CookieIdentity, change: StoreChange): Promise<StoreResult> {
    const { lifetime } = this.options;
    const record = { ...identity.held!.record };
    const nowMs = this.now();
    const signedInAtMs = change.signIn && nowMs;
    const made = recordChange(identity, change, signedInAtMs);
    const result = applyChange(record, made, lifetime, nowMs, Infinity);
    if (result.status === 'gone') return { status: 'gone' };
    const next = (change.next?.identity ?? identity) as CookieIdentity;
    const { isPersistent, wasEmpty, isEmpty } = result;
    const held = this.#hold(next, record);
    auditChange(identity.id, change, { ...result, status: 'applied' });
    return { ...held, isPersistent, wasEmpty, isEmpty, signedInAtMs };
  }

  /** All that there is of it is with its client, whom the transport tells. */
  async end(id: string, reason: EndReason, { principal }: Whose = {}): Promise<boolean> {
    audit('end', { id, principal, reason });
    return true;
  }

  /** @throws SessionSizeError */
  #hold(identity: CookieIdentity, record: SessionRecord) {
    const token = tokenOf(identity.id, record);
    const endsAt = expiresAtMs(record, this.options.lifetime);
    identity.held = { token, record, expiresAtMs: endsAt };
    return { status: 'stored' as const, token, expiresAtMs: endsAt };
  }

  /** From here on the record is the session's own, too. */
  #loaded(identity: CookieIdentity, record: SessionRecord): LoadedSession | null {
    const { codec, lifetime, onUndecodable } = this.options;
    const metadata = readMetadata(record);
    if (metadata && endsAtMs(metadata, lifetime) <= this.now()) return null;
    try {
      if (!metadata || record[FIELD.generation] === undefined) throw new Error('no metadata');
      const data = decodeData(codec, record);
      return {
        kind: 'session',
        record: { ...record },
        metadata,
        data,
        identity,
        isCurrent: true,
      };
    } catch {
      onUndecodable(identity.id);
      return null;
    }
  }
}

/** A change as it is made of a record. It is made once, so that it needs no name. */
function recordChange(
  { generation }: CookieIdentity,
  { set, remove, increment, isUse, keep, next, ownLifetime, signIn, isSignOut }: StoreChange,
  signedInAtMs: number | undefined,
): SessionChange {
  const whose = signIn && { principal: signIn.principal, signedInAtMs };
  return {
    generation,
    hash: '',
    secret: next && { generation: next.identity.generation, graceMs: 0 },
    isUse,
    keep,
    set: { ...set, ...metadataRecord({ ...ownLifetime, ...whose }) },
    remove: isSignOut ? [...remove, ...WHOSE] : remove,
    increment,
  };
}
