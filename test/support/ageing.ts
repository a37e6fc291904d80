import type { SessionBackend, SessionRecord } from 'nestjs-server-session';
import type { Browser } from './browser.js';

const TIMES = ['$created', '$seen', '$renewed'];
const TTL_SECONDS = 30 * 24 * 3600;

/** The public id of the session whose token a browser holds. */
export function idIn({ token }: Browser): string {
  return decodeURIComponent(token!).slice(0, 22);
}

/** The token in a session cookie's value. */
export function tokenIn(sid: string): string {
  return decodeURIComponent(sid).slice(2, 67);
}

/**
 * Makes a session older, as if time had passed since all that it knows: Redis has a clock of its own, which no test can
 * set.
 */
export async function age(backend: SessionBackend, id: string, ms: number): Promise<void> {
  const record = await backend.get(id);
  if (record) await backend.set(id, older(record, ms), TTL_SECONDS);
}

/** Makes a sign-in older, and nothing else of its session. */
export async function signedInAgo(backend: SessionBackend, id: string, ms: number): Promise<void> {
  const record = (await backend.get(id))!;
  const signedIn = String(Number(record['$signedIn']) - ms);
  await backend.set(id, { ...record, $signedIn: signedIn }, TTL_SECONDS);
}

function older(record: SessionRecord, ms: number): SessionRecord {
  const aged = { ...record };
  for (const field of TIMES) {
    if (aged[field] !== undefined) aged[field] = String(Number(aged[field]) - ms);
  }
  const [hash, endsAtMs] = aged['$previous']?.split('.') ?? [];
  if (endsAtMs !== undefined) aged['$previous'] = `${hash}.${Number(endsAtMs) - ms}`;
  return aged;
}
