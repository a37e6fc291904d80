import { randomBytes } from 'node:crypto';
import type { SessionRecord } from '../backends/session-backend.js';
import { FIELD, ttlSeconds } from '../backends/session-record.js';
import { checkPrincipal } from '../principals/principal-name.js';
import { ActiveSession } from '../session/active-session.js';
import { checkField, encodeField, JsonCodec } from '../session/codec.js';
import { flashName } from '../session/flash-names.js';
import { metadataRecord, readMetadata } from '../session/metadata.js';
import { decodeData } from '../session/record-reader.js';
import type { Session, SessionValues, SessionKey } from '../session/session.js';
import { checkKey, createSessionObject } from '../session/session-object.js';
import { Identity } from '../session/token.js';
import { createSessions } from '../session.factory.js';
import { testSessions } from './test-sessions.js';

/** Whose a session of {@link fakeSession} is. */
export interface FakeSessionOptions {
  /** Whose it is; nobody's where that is left out. */
  readonly principal?: string;
  /** When they signed in. Default: now. */
  readonly signedInAt?: Date;
  /** What the request before has left by `setFlash`. */
  readonly flash?: Partial<Pick<SessionValues, SessionKey>>;
}

/**
 * A session for the test of a handler, a guard or a service by itself: without an application, and with every member at work, in
 * memory. Each has a store of its own. It is one that was stored before; without data, principal and flash it is a new one.
 *
 * ```ts
 * const session = fakeSession({ visits: 2 });
 * expect(new VisitsController().visits(session)).toEqual({ visits: 3 });
 * ```
 * @throws TypeError where a field's name is taken, or the principal is no text
 * @throws SessionValueError where a value can't be stored
 */
export function fakeSession(
  data: Partial<Pick<SessionValues, SessionKey>> = {},
  { principal, signedInAt, flash = {} }: FakeSessionOptions = {},
): Session {
  const backend = testSessions();
  const codec = new JsonCodec();
  const secret = randomBytes(32).toString('base64url');
  const { runtime } = createSessions({ secret }, backend, codec, 'eager').testing;
  const begun = createSessionObject(new ActiveSession(runtime));
  begun.update(data);
  for (const key of Object.keys(flash)) checkKey(key);
  const fields = [
    ...Object.entries(begun),
    ...Object.entries(flash).map(([key, value]) => [flashName(key), value] as const),
  ];
  if (principal === undefined && fields.length === 0) return begun;
  if (principal !== undefined) checkPrincipal('fakeSession(data, { principal })', principal);

  const nowMs = backend.now();
  const signedInAtMs = signedInAt?.getTime() ?? nowMs;
  const identity = new Identity();
  const record: SessionRecord = {
    [FIELD.generation]: identity.generation,
    [FIELD.hash]: identity.hash,
    ...metadataRecord({
      createdAtMs: Math.min(nowMs, signedInAtMs),
      seenAtMs: nowMs,
      ...(principal !== undefined && { principal, signedInAtMs }),
    }),
  };
  for (const [key, value] of fields) {
    record[key] = encodeField(codec, key, value);
    checkField(codec, key, value);
  }
  // In memory both are done at once.
  void backend.create(identity.id, record, ttlSeconds(record, runtime.lifetime, nowMs));
  if (principal !== undefined) {
    void backend.principals.enter(principal, identity.id, runtime.lifetime.absoluteMs);
  }
  const found = {
    kind: 'session',
    record,
    identity,
    metadata: readMetadata(record)!,
    data: decodeData(codec, record),
    isCurrent: true,
  } as const;
  return createSessionObject(new ActiveSession(runtime, found));
}
