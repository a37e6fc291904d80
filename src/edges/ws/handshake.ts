import type { IncomingMessage } from 'node:http';
import type { ActiveSession } from '../../session/active-session.js';
import { Identity } from '../../session/token.js';

/** What sockets need of their application: how a session is found, and where warnings go. */
export interface SocketRuntime {
  /** The tokens of a handshake whose signatures are right. */
  tokensOf(request: IncomingMessage): readonly string[];
  /** The session of the first token that has one; a new one where none has. */
  open(tokens: readonly string[], arrivedAtMs?: number): Promise<ActiveSession> | ActiveSession;
  /** A session that was open before, as it is stored now. */
  reopen(before: Identity): Promise<ActiveSession>;
  /** Whether tokens are renewed by themselves, so that the one of a handshake finds nothing later. */
  readonly isRenewing: boolean;
  warn(message: string): void;
}

/** The handshake of a socket: what its client brought, and which session that was. */
export class Handshake {
  #tokens: readonly string[] | undefined;
  /** The session that the token has opened: from then on it is found by that, as the token may be renewed over HTTP. */
  #found: Identity | undefined;

  constructor(
    readonly runtime: SocketRuntime,
    private readonly request: IncomingMessage,
  ) {}

  /** The id of the session that was asked for, for messages to people. */
  get id(): string | undefined {
    const [token] = this.#tokens ?? [];
    return this.#found?.id ?? (token && Identity.ofToken(token).id);
  }

  /** Notes at once which session it is, where its token will not find it for long. */
  begin(): void {
    if (!this.runtime.isRenewing) return;
    // Whoever asks later is told what fails.
    void Promise.resolve()
      .then(() => this.open())
      .catch(() => {});
  }

  /** The session as it is stored now. @throws SessionBackendError */
  open(): Promise<ActiveSession> | ActiveSession {
    if (this.#found) return this.runtime.reopen(this.#found).then((life) => this.#adopt(life));
    this.#tokens ??= this.runtime.tokensOf(this.request);
    const life = this.runtime.open(this.#tokens);
    return life instanceof Promise ? life.then((opened) => this.#adopt(opened)) : this.#adopt(life);
  }

  #adopt(life: ActiveSession): ActiveSession {
    if (life.state === 'stored') this.#found = life.identity;
    life.stopTelling(life.state === 'new' ? 'handshake' : 'socket');
    return life;
  }
}
