import type { SessionChange, SessionRotation } from '../backends/session-backend.js';
import { applyChange } from '../backends/session-change.js';
import { metadataRecord, type SessionMetadata } from './metadata.js';
import { SessionClock } from './session-clock.js';
import { SessionFields } from './session-fields.js';
import type { SessionRuntime } from './session-runtime.js';
import { SessionWriter } from './session-writer.js';
import type { LiveRecord } from './stored-session.js';
import { Identity } from './token.js';

/**
 * - `new`: not in the backend; it is created when there is something to store
 * - `stored`: in the backend, as far as this request knows
 * - `gone`: was in the backend, and somebody else ended it, or can't be read; what this request still writes goes nowhere
 */
type Status = 'new' | 'stored' | 'gone';

/** What the client has to be told of its token: nothing, a new one, a longer life, or that the session has ended. */
export type TokenNotice = 'none' | 'set' | 'extend' | 'clear';

/** What a use changes. */
export type Use = ReturnType<SessionClock['used']>;

/** One session as a request knows it, and each way to write it. */
export class SessionState {
  notice!: TokenNotice;
  fields!: SessionFields;
  clock!: SessionClock;
  status!: Status;
  isNew!: boolean;
  writer!: SessionWriter;

  constructor(
    private readonly runtime: SessionRuntime,
    found: LiveRecord | null,
    identity: Identity,
  ) {
    this.become(found, identity);
  }

  /** A request that was not told the session's token has been overtaken by a renewal. */
  get isRenewDue(): boolean {
    return this.clock.isRenewDue && this.writer.identity.token !== undefined;
  }

  /** The session that was found for an identity; an empty new one where there is none: its token is not adopted. */
  become(found: LiveRecord | null, identity: Identity): void {
    const { runtime } = this;
    this.fields = new SessionFields(runtime.codec, found?.record, found?.data);
    this.notice = 'none';
    this.status = found ? 'stored' : 'new';
    this.isNew = !found;
    this.clock = new SessionClock(runtime, found?.metadata);
    this.writer = new SessionWriter(runtime, identityOf(found, identity));
  }

  /** Back to an empty session that does not exist yet. */
  reset(): void {
    this.become(null, new Identity());
  }

  markGone(): void {
    this.status = 'gone';
    this.notice = 'none';
  }

  noteUse(use: Partial<SessionMetadata>, notice: TokenNotice): void {
    if (this.notice !== 'set') this.notice = notice;
    this.clock.settle(use);
  }

  /**
   * Stores a change of the fields, and what else is due.
   * @param canTell whether the client can still be told of a new token
   */
  async store(change: SessionChange | undefined, canTell: boolean): Promise<void> {
    if (this.status === 'new') return this.#create(change);
    let left = change;
    const { unanswered } = this.writer;
    if (unanswered) {
      if (!(await this.#update(unanswered))) return;
      left = this.fields.change();
    }
    if (canTell && this.isRenewDue) {
      if (await this.#renew()) return;
      if (!(await this.writer.follow())) return this.markGone();
    }
    if (left || this.clock.ownLifetime) await this.#update(left);
    else if (this.clock.mustStore) await this.touch(this.clock.used());
  }

  async #create(change: SessionChange | undefined): Promise<void> {
    if (!change || this.fields.isEmpty) return;
    const metadata = this.clock.created();
    const record = metadataRecord(metadata);
    applyChange(record, change);
    await this.writer.create(record, this.clock.ttlSeconds(metadata));
    this.fields.settle(change);
    this.clock.settle(metadata);
    this.status = 'stored';
    this.notice = 'set';
  }

  /** Whether the session is still there. */
  async #update(change: SessionChange = NO_CHANGE): Promise<boolean> {
    // The times that the client's cookie follows move only when a touch is due; the life in the backend always does, so
    // that it is never shorter.
    const { ownLifetime, isTouchDue } = this.clock;
    const isDue = ownLifetime !== undefined || isTouchDue;
    const use = this.clock.used();
    const sent = isDue ? withMetadata(change, use) : change;
    if (!(await this.writer.update(sent, this.clock.ttlSeconds(use)))) {
      this.markGone();
      return false;
    }
    this.fields.settle(change);
    if (isDue) this.noteUse(use, ownLifetime ? 'set' : 'extend');
    if (this.fields.isEmpty && (await this.writer.deleteEmpty())) {
      this.reset();
      this.notice = 'clear';
    }
    return this.status === 'stored';
  }

  async touch(use: Use): Promise<void> {
    if (await this.writer.touch(this.clock.ttlSeconds(use), String(use.seenAtMs))) {
      this.noteUse(use, 'extend');
    } else {
      this.markGone();
    }
  }

  /** Moves to a new token with all changes; `false`, changing nothing, where the session no longer exists there. */
  async move(to: Identity, how: Pick<SessionRotation, 'keep' | 'graceSeconds'>): Promise<boolean> {
    const change = this.fields.change() ?? NO_CHANGE;
    const use = this.clock.used(this.runtime.renewIntervalMs !== Infinity);
    const rotation = { ...withMetadata(change, use), ...how };
    const result = await this.writer.rotate(to, rotation, this.clock.ttlSeconds(use));
    if (result === 'gone') return false;
    if (result === 'applied') this.fields.settle(change);
    this.noteUse(use, 'set');
    return true;
  }

  /**
   * Gives the session the new token that is due, with all changes; `false` where the session is no longer there under the
   * one that it has.
   */
  #renew(): Promise<boolean> {
    return this.move(new Identity(), { graceSeconds: Math.ceil(this.runtime.renewGraceMs / 1000) });
  }
}

/** The token is not known where a renewal has moved the session, and never adopted where there is none. */
function identityOf(found: LiveRecord | null, asked: Identity): Identity {
  if (!found) return new Identity();
  return found.id === asked.id ? asked : Identity.ofId(found.id);
}

const NO_CHANGE: SessionChange = { set: {}, remove: [], increment: {} };

function withMetadata(change: SessionChange, metadata: Partial<SessionMetadata>): SessionChange {
  return { ...change, set: { ...change.set, ...metadataRecord(metadata) } };
}
