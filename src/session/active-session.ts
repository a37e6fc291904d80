import { setTimeout as sleep } from 'node:timers/promises';
import type { UntoldReason } from '../errors/session-token.error.js';
import type { ClientNotice } from './client-notice.js';
import type { DataChange } from './data-change.js';
import type { OwnLifetime, SessionMetadata } from './metadata.js';
import { OperationQueue } from './operation-queue.js';
import type { SessionFields } from './session-fields.js';
import { SessionFlash } from './session-flash.js';
import { SessionLife } from './session-life.js';
import type { SessionRuntime } from './session-runtime.js';
import type { SessionState } from './session-state.js';
import type { LoadedSession } from './session-store.js';
import type { Identity } from './token.js';

function derived(field: string): string {
  return `session.signIn(principal): whose a session is follows from its field ${field}, by the option principals.of: write that field. Nothing was changed.`;
}

/** What a session is in use by, such as a request or a socket. */
export interface SessionScope {
  /** Runs something when that is over. */
  onceOver(run: () => void): void;
}

/** By what a request may open its session. */
export interface OpeningTokens {
  /** What the client knows as its token, in the order in which they are tried. */
  readonly all: readonly string[];
  /** Tokens that the client does not know yet, and is told of. Looked for where the others open nothing. */
  readonly importable?: readonly string[];
}

/** How long a response waits for a use to be written; after that it leaves without its cookie's longer life. */
const MAX_TOUCH_WAIT_MS = 100;

/** One session in use by one request: who looks at it and changes it, and the operations on it, one after another. */
export class ActiveSession {
  readonly #life: SessionLife;
  readonly #queue = new OperationQueue();
  #isUsed = false;
  #isLookedAt = false;
  #isDiscarded = false;
  #listener: (() => void) | undefined;
  /** Somebody who is to be told when the session is stored. */
  #onceStored: (() => void) | undefined;
  readonly #flash = new SessionFlash();
  /** Whether what was left for the next request is meant for what uses it here. */
  #endsFlash = true;
  scope: SessionScope | undefined;

  /** @param tokenPlace which of the tokens that it was opened with counts: the one that found it, or was refused */
  constructor(
    private readonly runtime: SessionRuntime,
    found?: LoadedSession,
    readonly tokenPlace?: number,
    arrivedAtMs = performance.now(),
  ) {
    this.#life = new SessionLife(runtime, arrivedAtMs, found);
  }

  /** The session of the first token that has one; an empty new one where none has. */
  static async open(
    runtime: SessionRuntime,
    tokens: OpeningTokens['all'],
    arrivedAtMs = performance.now(),
    others?: Pick<OpeningTokens, 'importable'>,
  ): Promise<ActiveSession> {
    let refused: { id: string | undefined; place: number } | undefined;
    for (const [place, token] of tokens.entries()) {
      const found = await runtime.store.load(token);
      if (found?.kind === 'session') return new ActiveSession(runtime, found, place, arrivedAtMs);
      if (found) refused = { id: found.id, place };
    }
    for (const token of (!refused && others?.importable) || []) {
      const found = await runtime.store.load(token);
      if (found?.kind !== 'session') continue;
      const session = new ActiveSession(runtime, found, undefined, arrivedAtMs);
      session.#life.tellToken();
      return session;
    }
    const session = new ActiveSession(runtime, undefined, refused?.place, arrivedAtMs);
    if (refused) session.#life.refuse(refused.id);
    return session;
  }

  /**
   * A session that was open before, as it is stored now, whatever its token is by now; an empty one that can't be written
   * where it has ended, or has another generation.
   */
  static async reopen(runtime: SessionRuntime, before: Identity): Promise<ActiveSession> {
    const found = await runtime.store.reload(before);
    const session = new ActiveSession(runtime, found ?? undefined);
    if (!found) session.#life.refuse(undefined);
    return session;
  }

  /** Stands for a session that the backend could not give. */
  static unavailable(runtime: SessionRuntime, error: Error): ActiveSession {
    const session = new ActiveSession(runtime);
    session.#life.fail(error);
    session.#queue.close(error);
    return session;
  }

  /** From here on nothing more is done with the session: what failed has been told. */
  close(error: unknown): void {
    this.#queue.close(error);
  }

  get state(): SessionState['name'] {
    return this.#life.draft.state.name;
  }
  get id(): string {
    return this.#life.draft.id;
  }
  get generation(): string {
    return this.#life.draft.generation;
  }
  /** By what it is found again. Its secret is for the store alone. */
  get identity(): Identity {
    return this.#life.draft.identity;
  }
  get isNew(): boolean {
    return this.#life.draft.isNew;
  }
  get metadata(): SessionMetadata {
    return this.#life.draft.times.metadata;
  }
  get expiresAtMs(): number {
    return this.#life.draft.times.expiresAtMs;
  }
  get principal(): string | undefined {
    return this.#life.draft.principal;
  }
  get signedInAtMs(): number | undefined {
    return this.#life.draft.signedInAtMs;
  }
  get notice(): ClientNotice {
    return this.#life.notice;
  }
  /** Whether anybody looked at the session or changed it. */
  get isUsed(): boolean {
    return this.#isUsed;
  }
  /** Whether anybody has asked anything of the session since it was last looked through for changes. */
  get isLookedAt(): boolean {
    return this.#isLookedAt;
  }
  /** Whether the backend failed in an operation, or to give the session at all. */
  get hasFailed(): boolean {
    return this.#queue.hasFailed;
  }

  /** Whether something was changed that goes nowhere, as the session has ended. @throws SessionValueError */
  get hasLostChanges(): boolean {
    const isOver = this.state === 'gone' || this.state === 'refused';
    return isOver && this.#life.draft.fields.change() !== undefined;
  }

  /** From here on somebody is told, at once, of whoever asks anything of the session. */
  watch(listener: () => void): void {
    this.#listener = listener;
  }

  /** Tells somebody, once, that the session is stored: now, or when it is. Whoever asked before is told no more. */
  onceStored(run: () => void): void {
    if (this.state === 'stored') return run();
    this.#onceStored = run;
    // What is under way may store it.
    if (this.#queue.isBusy) void this.#run(async () => {});
  }

  /** Whether there is a field, for somebody to whom that alone is no use of the session. */
  has(key: string): boolean {
    return this.#life.draft.fields.has(key);
  }

  /** The data, for somebody who looks at them. */
  read(): SessionFields {
    this.#isUsed = true;
    this.#isLookedAt = true;
    this.#listener?.();
    const { id, fields } = this.#life.draft;
    this.#flash.note(id, fields);
    return fields;
  }

  /** The data, for somebody who changes them. @throws SessionBackendError where the session is unavailable */
  write(): SessionFields {
    const { state } = this.#life.draft;
    if (state.name === 'unavailable') throw state.error;
    return this.read();
  }

  /** Leaves a value for the next request that uses the session. */
  setFlash(key: string, value: unknown): void {
    this.#flash.set(this.write(), key, value);
  }

  /** What the request before has left. */
  getFlash(key: string): unknown {
    this.read();
    return this.#flash.get(this.id, key);
  }

  /** Leaves that for one more. @param keys all of it where there are none */
  keepFlash(keys: readonly string[]): void {
    this.#flash.keep(this.id, this.write(), keys);
  }

  clear(): void {
    this.write().clear();
    this.#flash.forget();
  }

  touch(): void {
    this.write();
    this.#life.draft.times.touch();
  }

  /** @throws TypeError where a session that is somebody's would never end */
  setLifetime(lifetime: OwnLifetime): void {
    this.write();
    this.#life.draft.setLifetime(lifetime);
  }

  stopTelling(reason: UntoldReason): void {
    // Over a socket there is no next request; and where the client can't be told of it, what is left stays.
    const isOverSocket = reason === 'handshake' || reason === 'socket';
    if (isOverSocket || this.runtime.store.isInToken) this.#endsFlash = false;
    this.#life.stopTelling(reason);
  }

  /**
   * Stores what has changed; `undefined` where nothing has. A session that somebody else ended stays ended.
   * @throws SessionValueError, SessionBackendError, SessionTokenError
   */
  commit(): Promise<void> | undefined {
    const life = this.#life;
    const { state } = life.draft;
    if (state.name === 'unavailable' && this.#isDiscarded) {
      return Promise.reject(state.error);
    }
    if (this.#queue.isBusy || life.isUnfinished) return this.#run(() => this.#store());
    if (this.state !== 'new' && this.state !== 'stored') return undefined;
    const data = this.#changes();
    return data || life.isDue ? this.#run(() => life.store(data)) : undefined;
  }

  /**
   * All that must be done before the head leaves; `undefined` for nothing. Throws as `commit` does.
   * @param isCommitted whether a commit found nothing to do, and only what is done through this object may have changed
   * since
   */
  beforeHead(isCommitted = false): Promise<void> | undefined {
    const life = this.#life;
    const work = isCommitted && !this.#isLookedAt ? undefined : this.commit();
    if (work || this.state !== 'stored') return work;
    if (life.draft.times.isTouchDue && !life.draft.isEmpty) return this.#touchInPassing();
    return life.notice.isOutdated ? this.#run(() => life.confirm()) : undefined;
  }

  /** As `commit`, for the user. @throws SessionGoneError */
  save(): Promise<void> {
    return this.#asked(async () => {
      await this.#store();
      if (this.state === 'gone' || this.state === 'refused') throw this.#life.goneError();
    });
  }

  reload(): Promise<void> {
    return this.#asked(() => this.#life.reload());
  }

  regenerate(keep?: readonly string[]): Promise<void> {
    return this.#asked(() => this.#life.regenerate(keep));
  }

  destroy(): Promise<void> {
    return this.#asked(() => this.#life.destroy());
  }

  /** @throws TypeError where the session would never end, or its data say whose it is */
  signIn(principal: string, keep?: readonly string[], lifetime: OwnLifetime = {}): Promise<void> {
    return this.#asked(async () => {
      const { principalOf } = this.runtime;
      if (principalOf) throw new TypeError(derived(principalOf.field));
      await this.#life.signIn(principal, keep, lifetime);
    });
  }

  signOut(keep?: readonly string[]): Promise<void> {
    return this.#asked(() => this.#life.destroy(keep));
  }

  /** As `destroy`, by somebody who hears of no failure: what can't be ended fails the response. */
  discard(): void {
    this.#isDiscarded = true;
    this.destroy().catch(() => {});
  }

  #asked(operation: () => Promise<void>): Promise<void> {
    this.#isLookedAt = true;
    const { id, fields } = this.#life.draft;
    this.#flash.note(id, fields);
    return this.#run(operation);
  }

  #run(operation: () => Promise<void>): Promise<void> {
    const result = this.#queue.run(operation);
    if (this.#onceStored) void result.catch(() => {}).then(() => this.#tellStored());
    return result;
  }

  #tellStored(): void {
    if (this.state !== 'stored') return;
    const told = this.#onceStored;
    this.#onceStored = undefined;
    told?.();
  }

  async #store(): Promise<void> {
    await this.#life.store(this.#changes());
  }

  #changes(): DataChange | undefined {
    this.#isLookedAt = false;
    const { fields } = this.#life.draft;
    if (this.#endsFlash) this.#flash.end(fields);
    return fields.change();
  }

  /** Writes a use that is due and that nothing else writes. It neither delays the response for long nor makes it fail. */
  async #touchInPassing(): Promise<void> {
    const touch = this.#run(() => this.#life.confirm(true)).catch(() => {});
    const waiting = new AbortController();
    const { signal } = waiting;
    const late = sleep(MAX_TOUCH_WAIT_MS, undefined, { ref: false, signal }).catch(() => {});
    await Promise.race([touch, late]);
    waiting.abort();
  }
}
