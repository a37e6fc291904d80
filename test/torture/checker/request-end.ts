import type { RequestEvent } from '../history.js';
import { type Left, LIMIT_STATUS, REVOKED_STATUS } from '../program.js';
import type { Refusal } from './deeds.js';

/** When something was acknowledged, and until when it can happen. */
export interface Times {
  readonly ackMs: number;
  readonly lastMs: number;
}

export const NEVER: Times = { ackMs: Infinity, lastMs: Infinity };

const REFUSED_BY: Partial<Record<string | number, Refusal['kind']>> = {
  SessionLimitError: 'limit',
  SignInRevokedError: 'revoked',
  [LIMIT_STATUS]: 'limit',
  [REVOKED_STATUS]: 'revoked',
};

/** How a sign-in was refused, by the name of an error or the status of an answer; `undefined` where it was not. */
export function refusedBy(told: string | number | undefined): Refusal['kind'] | undefined {
  return told === undefined ? undefined : REFUSED_BY[told];
}

/** What is known of how a request ended. */
export class RequestEnd {
  constructor(private readonly request: RequestEvent) {}

  /** Whether one of its steps failed, or may have. */
  get hasFailed(): boolean {
    const { reports } = this.request;
    return !reports || reports.some(({ error }) => error !== undefined);
  }

  /** What the answer says of all that no step has saved. */
  get times(): Times {
    const { outcome, status, headMs } = this.request;
    if (outcome === 'ok' && !this.hasFailed) return { ackMs: headMs!, lastMs: headMs! };
    // Promise: what was answered with 503 is stored by then, or never over what is newer.
    const isRefused = status === 503 || outcome === 'ok';
    return { ackMs: Infinity, lastMs: isRefused ? headMs! : Infinity };
  }

  /** Where the client has gone away, that was told while the handler still ran. */
  get left(): Left | undefined {
    return this.request.headMs === undefined ? undefined : this.request.left;
  }

  get hasToken(): boolean {
    return typeof this.request.cookie === 'object';
  }
}
