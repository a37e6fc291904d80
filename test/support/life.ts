import { JsonCodec } from 'nestjs-server-session';
import { AtomicAdapter } from '../../src/backends/atomic-adapter.js';
import { endsOf } from '../../src/backends/local-ends.js';
import { LocalPrincipalIndex } from '../../src/backends/local-principal-index.js';
import { isIndexed } from '../../src/backends/principal-index.js';
import { isAtomic, type SessionBackend } from '../../src/backends/session-backend.js';
import { type SessionLimit, SignIns } from '../../src/principals/sign-ins.js';
import { ServerStore, type ServerStoreOptions } from '../../src/session/server-store.js';
import type { SessionRuntime } from '../../src/session/session-runtime.js';

export interface LifeOptions extends Partial<Omit<SessionRuntime, 'store'>> {
  backend: SessionBackend;
  renewGraceMs?: number;
  limit?: SessionLimit;
  onUndecodable?: ServerStoreOptions['onUndecodable'];
}

/** What the lives of sessions need, over a backend and with no application. */
export function lifeRuntime({
  backend,
  codec = new JsonCodec(),
  lifetime = { idleMs: 600_000, absoluteMs: Infinity },
  touchIntervalMs = 60_000,
  renewIntervalMs = Infinity,
  renewGraceMs = 30_000,
  limit,
  principalOf,
  onUndecodable = (id) => {
    throw new Error(`undecodable: ${id}`);
  },
}: LifeOptions): SessionRuntime & { store: ServerStore } {
  const atomic = isAtomic(backend) ? backend : new AtomicAdapter(backend);
  const index = isIndexed(backend) ? backend.principals : new LocalPrincipalIndex();
  const ends = endsOf(atomic);
  const sessions = { backend: atomic, ends, lifetime, isDerived: principalOf !== undefined };
  const signIns = new SignIns(sessions, index, limit);
  const store = new ServerStore({
    backend: atomic,
    ends,
    signIns,
    codec,
    lifetime,
    renewGraceMs,
    onUndecodable,
  });
  return { store, codec, lifetime, touchIntervalMs, renewIntervalMs, principalOf };
}
