import type { PrincipalIndex } from '../backends/principal-index.js';
import { expel, type Sessions } from './expel.js';
import { pagesOf } from './pages.js';

/**
 * Ends all sessions of a principal, those being made too: a fence keeps out every sign-in whose request has arrived by now, and
 * what was entered before it is ended, or refused where it is not written yet.
 * @param exceptId a session that stays
 * @returns how many were ended
 */
export async function revokeAll(
  sessions: Sessions,
  index: PrincipalIndex,
  principal: string,
  exceptId?: string,
): Promise<number> {
  const fencedAtMs = await index.fence(principal, exceptId);
  let ended = 0;
  for await (const page of pagesOf(index, principal, { beforeMs: fencedAtMs + 1 })) {
    const entries = page.filter(({ id }) => id !== exceptId);
    const wereEnded = await Promise.all(
      entries.map(({ id }) => expel(sessions, principal, id, 'revoked')),
    );
    ended += wereEnded.filter(Boolean).length;
    await index.leave(principal, entries);
  }
  return ended;
}
