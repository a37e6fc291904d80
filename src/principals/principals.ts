import type { IndexEntry, PrincipalIndex } from '../backends/principal-index.js';
import { FIELD } from '../backends/session-record.js';
import type { StoredSession } from '../session/stored-session.js';
import { expel, type Sessions } from './expel.js';
import { pagesOf } from './pages.js';
import { checkPrincipal } from './principal-name.js';
import { revokeAll } from './revoke-all.js';

/** Which of a principal's sessions to list. */
export interface ListOptions {
  /** How many at the most. */
  readonly limit?: number;
  /** Only those that were signed in before this one, the last of the page before. */
  readonly before?: Pick<StoredSession, 'signedInAt'>;
}

/** Which of a principal's sessions stays. */
export interface RevokeAllOptions {
  /** A session that stays, such as the one that asks; or its id. */
  readonly except?: string | { readonly id: string } | undefined;
}

/** The sessions of principals. */
export class Principals {
  constructor(
    private readonly sessions: Sessions,
    private readonly index: PrincipalIndex,
    /** Reads a session as it is stored. */
    private readonly read: (id: string) => Promise<StoredSession | null>,
    /** Says, once, that the index knows of this process alone, where that is so. */
    private readonly warnOfIndex?: () => void,
  ) {}

  #hasWarned = false;

  async list(principal: string, options: ListOptions = {}): Promise<StoredSession[]> {
    checkPrincipal('sessions.list(principal)', principal);
    this.#warn();
    const { limit = Infinity, before } = options;
    if (limit !== Infinity && !(Number.isSafeInteger(limit) && limit > 0)) {
      throw new TypeError('sessions.list: limit must be a whole number above 0.');
    }
    const beforeMs = before?.signedInAt?.getTime();
    const isAll = limit === Infinity && beforeMs === undefined;
    // Upwards what is signed in again meanwhile is met again, and not missed.
    const range = isAll ? { afterMs: 0 } : { beforeMs };
    const found = new Map<string, StoredSession>();
    for await (const page of pagesOf(this.index, principal, range, limit)) {
      const read = await Promise.all(page.map(({ id }) => this.read(id)));
      for (const [i, session] of read.entries()) {
        if (session?.principal !== principal) continue;
        // By which the next page goes on: a sign-in again that was not stored is later here than in its session.
        const signedInAt = isAll ? session.signedInAt : new Date(page[i]!.enteredAtMs);
        found.set(session.id, { ...session, signedInAt });
      }
      await this.#forget(
        principal,
        page.filter((_, i) => read[i] === null),
      );
      if (found.size >= limit) break;
    }
    const sessions = [...found.values()];
    if (limit !== Infinity) return sessions.slice(0, limit);
    return sessions.sort((a, b) => b.lastSeenAt.getTime() - a.lastSeenAt.getTime());
  }

  /** Takes out what is not there. What can't be read here may be read elsewhere, and is to be found by who ends it. */
  async #forget(principal: string, unread: readonly IndexEntry[]): Promise<void> {
    const records = await Promise.all(unread.map(({ id }) => this.sessions.backend.get(id)));
    const gone = unread.filter((_, i) => records[i] === null);
    if (gone.length > 0) await this.index.leave(principal, gone).catch(() => {});
  }

  async revokeAll(principal: string, { except }: RevokeAllOptions = {}): Promise<number> {
    checkPrincipal('sessions.revokeAll(principal)', principal);
    this.#warn();
    const exceptId = typeof except === 'object' ? except?.id : except;
    if (except !== undefined) await this.#checkException(principal, exceptId);
    return revokeAll(this.sessions, this.index, principal, exceptId);
  }

  /** Ends a session where it is the principal's; whether it was. */
  async revoke(principal: string, id: string): Promise<boolean> {
    checkPrincipal('sessions.revoke(id, { principal })', principal);
    const record = await this.sessions.backend.get(id);
    if (record?.[FIELD.principal] !== principal) return false;
    const wasEnded = await expel(this.sessions, principal, id, 'revoked');
    const enteredAtMs = Number(record[FIELD.signedInAtMs]);
    await this.index.leave(principal, [{ id, enteredAtMs }]).catch(() => {});
    return wasEnded;
  }

  #warn(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.warnOfIndex?.();
  }

  async #checkException(principal: string, id: unknown): Promise<void> {
    if (typeof id !== 'string') {
      throw new TypeError(
        'sessions.revokeAll: except must be a session or its id. Nothing was revoked.',
      );
    }
    const whose = (await this.sessions.backend.get(id))?.[FIELD.principal];
    if (whose === undefined || whose === principal) return;
    throw new TypeError(
      "sessions.revokeAll: except is somebody else's session. Nothing was revoked.",
    );
  }
}
