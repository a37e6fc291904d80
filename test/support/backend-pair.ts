import { AtomicAdapter, MemoryBackend, type SessionBackend } from 'nestjs-server-session';
import { type BackendName, startShared, ThreeMethodBackend } from './backends.js';

/** How often a backend of three methods is asked, so that no test waits for long. */
const WATCH_INTERVAL_MS = 50;

/** The kinds of backends that tell of ends, and one that is asked instead. */
export const ENDS_BACKENDS: BackendName[] = ['memory', 'three methods', 'redis', 'postgres'];

/** What two processes have: the same sessions, each by a backend of its own where that makes a difference. */
export interface BackendPair {
  readonly backends: readonly [SessionBackend, SessionBackend];
  /** Whether the one tells the other why a session has ended. */
  readonly isTelling: boolean;
  stop(): Promise<void>;
}

export async function startPair(name: BackendName): Promise<BackendPair> {
  if (name === 'memory') {
    const backend = new MemoryBackend();
    return { backends: [backend, backend], isTelling: true, stop: async () => {} };
  }
  if (name === 'three methods') {
    const store = new ThreeMethodBackend();
    const backend = () => new AtomicAdapter(store, { watchIntervalMs: WATCH_INTERVAL_MS });
    return { backends: [backend(), backend()], isTelling: false, stop: async () => {} };
  }
  const one = await startShared(name);
  const other = await one.another();
  return {
    backends: [one.backend, other.backend],
    isTelling: true,
    stop: async () => {
      await other.stop();
      await one.stop();
    },
  };
}
