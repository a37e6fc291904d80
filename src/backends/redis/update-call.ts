import { types } from 'node:util';
import type { Lifetime, SessionChange, UpdateResult } from '../session-backend.js';
import { escaped, UNIT } from '../escaped-text.js';
import { changeText, namesText } from '../record-text.js';
import { integerReply } from './replies.js';

/** What the script takes for one session: few, because each argument costs the client time. */
export type UpdateArguments = readonly [head: string, keep: string, change: string];

/** In the order in which the script takes them. */
export function updateArguments(
  change: SessionChange,
  { idleMs, absoluteMs }: Lifetime,
  deadlineMs: number,
): UpdateArguments {
  const { generation, hash, secret, isUse, operation = '', keep } = change;
  const head = [
    deadlineMs,
    idleMs,
    absoluteMs,
    escaped(generation),
    escaped(hash),
    isUse ? 1 : 0,
    secret?.hash ?? '',
    secret?.generation ?? '',
    secret?.graceMs ?? 0,
    escaped(operation),
    '',
  ].join(UNIT);
  return [head, namesText(keep), changeText(change)];
}

/** How `UPDATE` says what became of a change. Further facts are added to the status in bits. */
export const STATUS = { gone: 0, applied: 1, replaced: 2, late: 3 } as const;
const STATUS_MASK = 3;
export const WAS_EMPTY = 4;
export const IS_EMPTY = 8;
export const IS_PERSISTENT = 16;
export const IS_NOT_PERSISTENT = 32;

/** What `UPDATE` answers for one session: the status, or why it failed, and when the session ends. */
export type UpdateReply = readonly [status: number | Error, expiresAtMs: number];

/** Of a reply's two parts. @throws Error where they are none */
export function updateReply(status: unknown, expiresAtMs: unknown): UpdateReply {
  const known = types.isNativeError(status) ? status : integerReply('a script', status);
  return [known, integerReply('a script', expiresAtMs)];
}

/** @throws Error which says why one change could not be applied */
export function readUpdateReply([status, expiresAtMs]: UpdateReply): UpdateResult | 'late' {
  if (typeof status !== 'number') throw status;
  switch (status & STATUS_MASK) {
    case STATUS.gone:
      return { status: 'gone' };
    case STATUS.late:
      return 'late';
    default: {
      const isPersistent =
        (status & (IS_PERSISTENT | IS_NOT_PERSISTENT)) === 0
          ? undefined
          : (status & IS_PERSISTENT) !== 0;
      return {
        status: (status & STATUS_MASK) === STATUS.applied ? 'applied' : 'replaced',
        wasEmpty: (status & WAS_EMPTY) !== 0,
        isEmpty: (status & IS_EMPTY) !== 0,
        expiresAtMs,
        isPersistent,
      };
    }
  }
}
