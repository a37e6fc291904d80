import type { Observable } from 'rxjs';
import type { EndWatcher } from './ends/end-watcher.js';
import type { SessionEnd } from './ends/told-ends.js';
import type { SocketRuntime } from './edges/ws/handshake.js';
import type { SessionCodec } from './session/codec.js';
import type { SessionRuntime } from './session/session-runtime.js';
import type { SessionStore } from './session/session-store.js';
import type { ResolvedSessionOptions } from './session.options.js';
import type {
  BackendCheck,
  IssueSession,
  PrincipalSessions,
  SessionsById,
} from './session.service.js';
import type { Transports } from './transports/transports.js';

/** Where the sessions of one application are kept, and how their clients find them again. */
export interface KeptSessions {
  readonly store: SessionStore;
  readonly transports: Transports;
  /** Sessions apart from any request. */
  readonly byId: SessionsById;
  readonly byPrincipal: PrincipalSessions;
  readonly ends: Observable<SessionEnd>;
  readonly check: BackendCheck;
  issue(runtime: SessionRuntime): IssueSession;
  /** How sockets find their sessions, and hear of their ends. */
  readonly sockets: Pick<SocketRuntime, 'idIn' | 'identityIn' | 'opensAtOnce'>;
  readonly endWatch: EndWatcher;
  /** What is at work by itself, and ends with the application. */
  readonly working: readonly { close(): void }[];
}

/** What keeping sessions takes of an application. */
export interface KeepingSettings {
  readonly options: ResolvedSessionOptions;
  readonly codec: SessionCodec;
  warn(message: string): void;
  /** Told of a session that can't be read. */
  onUndecodable(id: string): void;
}
