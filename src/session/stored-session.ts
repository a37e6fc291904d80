import type { Lifetime } from '../backends/session-backend.js';
import { isFlash } from './flash-names.js';
import { endsAtMs } from './metadata.js';
import type { SessionValues } from './session.js';
import type { DecodedRecord } from './session-store.js';

/** A session as it is stored, apart from any request. Changing it changes nothing. */
export interface StoredSession {
  readonly id: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
  /** Whose it is, and since when; `undefined` where it is nobody's. */
  readonly principal: string | undefined;
  readonly signedInAt: Date | undefined;
  readonly data: Partial<SessionValues>;
}

export function storedSession(
  id: string,
  { metadata, data }: DecodedRecord,
  lifetime: Lifetime,
): StoredSession {
  const { principal, signedInAtMs } = metadata;
  return {
    id,
    principal,
    signedInAt: signedInAtMs === undefined ? undefined : new Date(signedInAtMs),
    createdAt: new Date(metadata.createdAtMs),
    lastSeenAt: new Date(metadata.seenAtMs),
    expiresAt: new Date(endsAtMs(metadata, lifetime)),
    data: Object.fromEntries(
      [...data].filter(([field]) => !isFlash(field)),
    ) as Partial<SessionValues>,
  };
}
