import { randomBytes } from 'node:crypto';
import type { AtomicSessionBackend, Lifetime } from '../backends/session-backend.js';
import type { EndReason, SessionEnds } from '../backends/session-ends.js';
import { FIELD } from '../backends/session-record.js';
import { audit } from '../session/audit-events.js';

/** Where sessions are, and how long they live that say nothing else. */
export interface Sessions {
  readonly backend: AtomicSessionBackend;
  readonly ends: SessionEnds;
  readonly lifetime: Lifetime;
  /** Whether data say whose a session is, so that one that is somebody's may become somebody else's. */
  readonly isDerived: boolean;
}

/**
 * Ends a session that the index names, where it is the principal's; whether it was. One that is nobody's, or by its data
 * somebody else's, may be about to become the principal's: it is given a new generation, so that what is under way is refused.
 */
export async function expel(
  { backend, ends, lifetime, isDerived }: Sessions,
  principal: string,
  id: string,
  reason: EndReason,
): Promise<boolean> {
  for (;;) {
    const record = await backend.get(id);
    if (!record) return false;
    const { [FIELD.generation]: generation, [FIELD.hash]: hash, [FIELD.principal]: whose } = record;
    // Of a format that came later nobody here can tell whose it is. The index can.
    if (whose === principal || record[FIELD.version] !== undefined) {
      if (await ends.end(id, reason)) audit('end', { id, principal, reason });
      return true;
    }
    if ((whose !== undefined && !isDerived) || generation === undefined || hash === undefined) {
      return false;
    }
    const next = randomBytes(6).toString('base64url');
    const refusal = { generation, hash, secret: { generation: next, graceMs: 0 } };
    const result = await backend.update(
      id,
      { ...refusal, isUse: false, set: {}, remove: [], increment: {} },
      lifetime,
    );
    if (result.status !== 'gone') return false;
  }
}
