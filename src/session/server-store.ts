import {
  EMPTY_MS,
  type Lifetime,
  type SecretChange,
  type SessionChange,
  type SessionRecord,
} from '../backends/session-backend.js';
import { expiresAtMs, FIELD, isEmptyRecord, ttlSeconds } from '../backends/session-record.js';
import type { EndReason, SessionEnds } from '../backends/session-ends.js';
import type { Admission, SignIns } from '../principals/sign-ins.js';
import { auditChange } from './audit-change.js';
import { audit } from './audit-events.js';
import { NO_DATA } from './data-change.js';
import { metadataRecord } from './metadata.js';
import { Operations } from './operations.js';
import { RecordReader, type RecordReaderOptions } from './record-reader.js';
import { observed } from './session-events.js';
import type {
  DecodedRecord,
  LoadedSession,
  RefusedToken,
  Whose,
  SessionStore,
  StoreChange,
  StoreResult,
} from './session-store.js';
import type { Identity } from './token.js';

/** What says whose a session is. */
const WHOSE = [FIELD.principal, FIELD.signedInAtMs];

const GONE: StoreResult = { status: 'gone' };

export interface ServerStoreOptions extends RecordReaderOptions {
  readonly ends: SessionEnds;
  readonly signIns: SignIns;
  /** Of imported sessions, that from which each comes, as long as it is kept. */
  readonly origins?: Origins | undefined;
  /** How long the secret before a renewal still opens the session. */
  readonly renewGraceMs: number;
}

/** Sessions of another library, from which ours come. */
export interface Origins {
  /** Names the origin in a record. */
  readonly field: string;
  /** Ends the origin of a session. @throws SessionBackendError */
  end(id: string): Promise<void>;
}

/** Keeps sessions in a backend, each as one record under its id. */
export class ServerStore implements SessionStore {
  readonly #operations = new Operations();

  readonly #reader: RecordReader;
  #load: SessionStore['load'];

  constructor(private readonly options: ServerStoreOptions) {
    this.#reader = new RecordReader(options);
    this.#load = (token) => this.#reader.load(token);
  }

  /** How long sessions live that say nothing else. */
  get lifetime(): Lifetime {
    return this.options.lifetime;
  }

  now(): number {
    return this.#reader.now();
  }

  load(token: string): Promise<LoadedSession | RefusedToken | null> {
    return this.#load(token);
  }

  /** Has sessions be found another way, by way of this one. */
  loadBy(wrap: (load: SessionStore['load']) => SessionStore['load']): void {
    this.#load = wrap(this.#load);
  }

  reload(identity: Identity): Promise<LoadedSession | null> {
    return this.#reader.reload(identity);
  }

  /** A session by its id alone, to look at. */
  peek(id: string): Promise<DecodedRecord | null> {
    return this.#reader.peek(id);
  }

  /** What a token opens, where the record of its id was read. */
  identityIn(token: string, record: SessionRecord): Identity | undefined {
    return this.#reader.identityIn(token, record);
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
    if (!isEmpty) audit('begin', { id });
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

  async #createAgain(identity: Identity, begun: SessionRecord): Promise<StoreResult> {
    const { [FIELD.createdAtMs]: _, [FIELD.seenAtMs]: __, ...set } = begun;
    const result = await this.update(identity, { ...NO_DATA, keep: [], set, isUse: true });
    const isBegun = result.status === 'stored' && !result.isEmpty;
    if (isBegun) audit('begin', { id: identity.id });
    return result;
  }

  async update(identity: Identity, change: StoreChange): Promise<StoreResult> {
    const { backend, lifetime } = this.options;
    const { id } = identity;
    // Who has signed out here is not to be signed in there.
    if (isNoLonger(change)) await this.options.origins?.end(id);
    const admission = await this.#admission(id, change);
    const deadlineMs = admission && this.now() + admission.untilMs - performance.now();
    const sent = this.#sent(identity, change, admission);
    const kind = isTouch(change) ? 'touch' : 'commit';
    const result = await observed(kind, id, () => backend.update(id, sent, lifetime, deadlineMs));
    const { next, operation } = change;
    if (operation !== undefined) this.#operations.acknowledge(id, operation);
    if (result.status === 'gone') {
      if (admission) await this.options.signIns.withdraw(id, change.signIn!, admission);
      return GONE;
    }
    if (isNoLonger(change)) await this.#leaveBefore(id, change.whose);
    auditChange(id, change, result);
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

  async end(
    id: string,
    reason: EndReason,
    { principal, signedInAtMs }: Whose = {},
  ): Promise<boolean> {
    const { ends, signIns } = this.options;
    const wasThere = await observed('destroy', id, () => ends.end(id, reason));
    if (wasThere) audit('end', { id, principal, reason });
    if (principal !== undefined) await signIns.leave(principal, id, signedInAtMs!);
    return wasThere;
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

  /** Takes a session that is no longer a principal's out of the index. */
  async #leaveBefore(id: string, { principal, signedInAtMs }: Whose): Promise<void> {
    await this.options.signIns.leave(principal!, id, signedInAtMs!);
  }

  #sent(
    { id, generation, hash }: Identity,
    change: StoreChange,
    admission: Admission | undefined,
  ): SessionChange {
    const { set, increment, isUse, keep, operation, next, ownLifetime, signIn } = change;
    const remove = change.isSignOut ? [...change.remove, ...WHOSE] : [...change.remove];
    const { origins } = this.options;
    if (origins && isNoLonger(change)) remove.push(origins.field);
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
}

/** Whether a session is not that principal's any more whose it was, if it was anybody's. */
function isNoLonger(change: StoreChange): change is StoreChange & { readonly whose: Whose } {
  const { signIn, isSignOut, whose } = change;
  return (
    (isSignOut || signIn !== undefined) &&
    whose?.principal !== undefined &&
    whose.principal !== signIn?.principal
  );
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
