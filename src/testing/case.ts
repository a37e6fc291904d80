import type { PrincipalIndex } from '../backends/principal-index.js';
import type { AtomicSessionBackend } from '../backends/session-backend.js';
import type { SessionEnds } from '../backends/session-ends.js';

/** What a case has at hand. A backend of three methods is seen through {@link AtomicAdapter}, as applications see it. */
export interface CaseContext {
  readonly backend: AtomicSessionBackend;
  /** The backend's own index, or the one that stands in for it. */
  readonly principals: PrincipalIndex;
  /** The backend's own way to end sessions, or the one that stands in for it. */
  readonly ends: SessionEnds;
  /** A new id, of the form that the library gives. */
  id(): string;
  /** Waits until something that must become true is. */
  until(check: () => Promise<boolean>): Promise<void>;
}

export type Case = readonly [name: string, run: (context: CaseContext) => Promise<void>];
