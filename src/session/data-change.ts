import type { SessionChange, SessionRecord } from '../backends/session-backend.js';

/** What has changed in the data of a session. */
export type DataChange = Pick<SessionChange, 'set' | 'remove' | 'increment'>;

export const NO_DATA: DataChange = { set: {}, remove: [], increment: {} };

/** Whether a change must not count twice. */
export function hasIncrements({ increment }: DataChange): boolean {
  for (const _ in increment) return true;
  return false;
}

/** What a change makes of no data. */
export function recordOf({ set, increment }: DataChange): SessionRecord {
  const record = { ...set };
  for (const key in increment) record[key] = String(increment[key]);
  return record;
}
