import type { AtomicSessionBackend, Lifetime } from '../backends/session-backend.js';
import type { SessionEnds } from '../backends/session-ends.js';
import type { SessionCodec } from '../session/codec.js';
import type { Origins } from '../session/server-store.js';
import type { SessionStore } from '../session/session-store.js';

/** The same for each copy of this library. */
export const MIGRATE: unique symbol = Symbol.for('nestjs-server-session:migrate') as never;

/** What the option `migrate` takes: `expressSession()` and `fastifySession()` make it. */
export interface Migration {
  /** @internal */
  readonly oldCookieName: string;
  /** @internal */
  readonly [MIGRATE]: (application: MigratingApplication) => MigratingSessions;
}

/** What a migration needs of the application that it is for. */
export interface MigratingApplication {
  readonly backend: AtomicSessionBackend;
  readonly ends: SessionEnds;
  readonly codec: SessionCodec;
  readonly lifetime: Lifetime;
  /** How long one operation on another store may take. */
  readonly timeoutMs: number;
  /** 32 bytes that follow from a text, and that nobody else can tell who does not know the application's secret. */
  derive(text: string): Buffer;
}

/** How sessions are found and ended where some of them are another library's. */
export interface MigratingSessions {
  /** The tokens of sessions that may have to be imported, by a Cookie header. Each carries something behind itself. */
  importable(header: string | undefined): readonly string[];
  /** Finds those as well, importing them first. */
  loading(load: SessionStore['load']): SessionStore['load'];
  readonly ends: SessionEnds;
  /** Where old sessions are kept: those from which ours come. */
  readonly origins: Origins | undefined;
}

export function isMigration(value: unknown): value is Migration {
  return typeof (value as Partial<Migration> | null)?.[MIGRATE] === 'function';
}
