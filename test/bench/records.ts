import { randomBytes } from 'node:crypto';
import type { SessionRecord } from 'nestjs-server-session';
import { newContents } from './contents.js';

/** As long as the id of a session: 128 bits in base64url. */
export function newId(): string {
  return randomBytes(16).toString('base64url');
}

/** A new session's record, as this library makes it. */
export function newRecord(): SessionRecord {
  const now = String(Date.now());
  const record: SessionRecord = {
    $gen: randomBytes(6).toString('base64url'),
    $hash: randomBytes(32).toString('base64url'),
    $created: now,
    $seen: now,
  };
  for (const [field, value] of Object.entries(newContents())) record[field] = JSON.stringify(value);
  return record;
}
