import type { SessionChange, SessionRecord } from '../backends/session-backend.js';

/** What has changed in the data of a session. */
export type DataChange = Pick<SessionChange, 'set' | 'remove' | 'increment'>;

export const NO_DATA: DataChange = { set: {}, remove: [], increment: {} };

/** What a change makes of no data. */
export function recordOf({ set, increment }: DataChange): SessionRecord {
  const record = { ...set };
  for (const key in increment) record[key] = String(increment[key]);
  return record;
}
