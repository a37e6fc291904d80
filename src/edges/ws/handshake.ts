import type { IncomingMessage } from 'node:http';
import type { SessionRecord } from '../../backends/session-backend.js';
import { CrossSiteError } from '../../errors/cross-site.error.js';
import type { EndWatcher } from '../../ends/end-watcher.js';
import type { ActiveSession, OpeningTokens, SessionScope } from '../../session/active-session.js';
import type { Identity } from '../../session/token.js';
import { type Brought, Connections } from './connections.js';

/** What sockets need of their application: how a session is found, and where warnings go. */
export interface SocketRuntime {
  /** The tokens of a handshake whose signatures are right. */
  tokensOf(request: IncomingMessage): readonly string[];
  /** The session of the first token that has one; a new one where none has. */
  open(tokens: OpeningTokens): Promise<ActiveSession> | ActiveSession;
  /** A session that was open before, as it is stored now. */
  reopen(before: Identity): Promise<ActiveSession>;
  /** The id of a token's session; `undefined` where it can't be told before the token has opened it. */
  idIn(token: string): string | undefined;
  /** What a token opens, where the record of its id was read. */
  identityIn(token: string, record: SessionRecord): Identity | undefined;
  /** Whether a token must be opened at once: it may be renewed by itself, and then finds nothing later, or its id can't be told. */
  readonly opensAtOnce: boolean;
  readonly ends: EndWatcher;
  warn(message: string): void;
}

/** The handshake of a socket: what its client brought, and which session that was. */
export class Handshake implements Brought, SessionScope {
  /** What is closed when the session ends. */
  readonly connections: Connections;
  #tokens: readonly string[] | undefined;
  /** The session that the token has opened: from then on it is found by that, as the token may be renewed over HTTP. */
  #found: Identity | undefined;

  constructor(
    readonly runtime: SocketRuntime,
    private readonly request: IncomingMessage,
  ) {
    this.connections = new Connections(runtime.ends, request, this);
  }

  get found(): Identity | undefined {
    return this.#found;
  }

  /** The tokens that it brought. @throws CrossSiteError where another site's page has sent it */
  get tokens(): readonly string[] {
    return (this.#tokens ??= this.runtime.tokensOf(this.request));
  }

  /** Whether another site's page has sent it. */
  get isRefused(): boolean {
    try {
      return this.tokens === undefined;
    } catch (error) {
      return error instanceof CrossSiteError;
    }
  }

  /** The id of the session that was asked for, for messages to people. */
  get id(): string | undefined {
    const [token] = this.#tokens ?? [];
    return this.#found?.id ?? (token && this.idIn(token));
  }

  idIn(token: string): string | undefined {
    return this.runtime.idIn(token);
  }

  /** Notes at once which session it is, where that must be known by then and nobody else reads it. */
  begin(): void {
    if (!this.runtime.opensAtOnce) return;
    // Whoever asks later is told what fails.
    void Promise.resolve()
      .then(() => this.connections.isWatching || this.open())
      .catch(() => {});
  }

  /** Notes which session it is, where a token opens the one whose record was read. */
  openBy(token: string, record: SessionRecord): void {
    this.#found ??= this.runtime.identityIn(token, record);
  }

  /** When its last connection is closed. */
  onceOver(run: () => void): void {
    this.connections.onceAllClosed(run);
  }

  /** The session as it is stored now. Rejects, and throws nothing: with SessionBackendError, CrossSiteError */
  open(): Promise<ActiveSession> | ActiveSession {
    if (this.#found) return this.runtime.reopen(this.#found).then((life) => this.#adopt(life));
    let all: readonly string[];
    try {
      all = this.tokens;
    } catch (error) {
      return Promise.reject(error);
    }
    const life = this.runtime.open({ all });
    return life instanceof Promise ? life.then((opened) => this.#adopt(opened)) : this.#adopt(life);
  }

  #adopt(life: ActiveSession): ActiveSession {
    if (life.state === 'stored') {
      this.#found = life.identity;
      this.connections.found(life.identity);
    }
    life.stopTelling(life.state === 'new' ? 'handshake' : 'socket');
    return life;
  }
}
