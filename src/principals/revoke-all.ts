import { type IndexEntry, type PrincipalIndex } from '../backends/principal-index.js';
import { FIELD } from '../backends/session-record.js';
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
  for await (const page of pagesOf(index, principal, { afterMs: 0 })) {
    const entries = page.filter(({ id }) => id !== exceptId);
    const areMeant = await Promise.all(
      entries.map((entry) => isFromBefore(sessions, principal, entry, fencedAtMs)),
    );
    const meant = entries.filter((_, i) => areMeant[i]);
    const wereEnded = await Promise.all(meant.map(({ id }) => expel(sessions, principal, id)));
    ended += wereEnded.filter(Boolean).length;
    if (meant.length > 0) await index.leave(principal, meant);
  }
  return ended;
}

/** One that was signed in before the fence may have been entered again by a sign-in of after it, or by one that it refuses. */
async function isFromBefore(
  { backend }: Sessions,
  principal: string,
  { id, enteredAtMs }: IndexEntry,
  fencedAtMs: number,
): Promise<boolean> {
  if (enteredAtMs <= fencedAtMs) return true;
  const record = await backend.get(id);
  return (
    record?.[FIELD.principal] === principal && Number(record[FIELD.signedInAtMs]) <= fencedAtMs
  );
}
