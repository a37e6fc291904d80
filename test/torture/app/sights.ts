import type { Session, StoredSession } from 'nestjs-server-session';
import type { Sight } from '../program.js';

type Facts = Pick<Sight, 'id' | 'isNew' | 'generation'>;

/** What a handler sees of its session. */
export function sightOf(session: Session, fromMs: number, toMs: number): Sight {
  const { id, isNew, generation } = session as Facts;
  // `generation` is a member of the session only where the library has it.
  const known = typeof generation === 'string' ? { generation } : {};
  const whose = whoseOf(session);
  return { fromMs, toMs, id, isNew, ...known, ...whose, fields: fieldsOf(session) };
}

/** What somebody finds who looks a session up. */
export function storedSight(stored: StoredSession, fromMs: number, toMs: number): Sight {
  const { id, data } = stored;
  return { fromMs, toMs, id, isNew: false, ...whoseOf(stored), fields: fieldsOf(data) };
}

function whoseOf({ principal }: Pick<StoredSession, 'principal'>): Pick<Sight, 'principal'> {
  return principal === undefined ? {} : { principal };
}

function fieldsOf(data: object): Record<string, string | number> {
  const entries = Object.entries(data).map(([key, value]) => [key, textOf(value)] as const);
  return Object.fromEntries(entries);
}

/** The one text that identifies which write is seen: that of a nested field is inside. */
function textOf(value: unknown): string | number {
  if (typeof value === 'string' || typeof value === 'number') return value;
  const { deep } = value as { deep?: { value?: string } };
  return deep?.value ?? JSON.stringify(value);
}
