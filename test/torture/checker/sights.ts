import type { RequestEvent } from '../history.js';
import type { Sight } from '../program.js';
import type { Lineage } from './lineage.js';

/** A stored session as somebody saw it. */
export interface Read {
  readonly n: number;
  readonly session: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly fields: Sight['fields'];
  readonly principal?: string | undefined;
  /** Whether its token, which must lead to the session, led to none: each field is seen as absent. */
  readonly isAnonymous: boolean;
}

/** All that anybody saw of stored sessions: when a handler began, reloaded, looked up an id, or listed a principal's. */
export function sightsOf(requests: readonly RequestEvent[], lineage: Lineage): Read[] {
  return requests.flatMap(({ n, sight, reports = [] }) => {
    const sights = [sight, ...reports.flatMap(({ sight: seen, listed = [] }) => [seen, ...listed])];
    return sights.flatMap((each) => {
      if (!each || each.isNew) return [];
      const { fromMs, toMs, id, fields, principal } = each;
      const session = lineage.of(id);
      return [{ n, session, fromMs, toMs, fields, principal, isAnonymous: false }];
    });
  });
}
