import type { UpdateResult } from '../backends/session-backend.js';
import { audit } from './audit-events.js';
import type { StoreChange } from './session-store.js';

/** Tells of what a change has made of a session. */
export function auditChange(
  id: string,
  { next, signIn, isSignOut, whose }: StoreChange,
  { status, wasEmpty, isEmpty }: Exclude<UpdateResult, { readonly status: 'gone' }>,
): void {
  const principal = whose?.principal;
  if (wasEmpty && !isEmpty) audit('begin', { id });
  if (signIn) audit('sign-in', { id, principal: signIn.principal });
  else if (isSignOut) audit('sign-out', { id, principal: principal! });
  else if (next && status === 'applied' && (next.kind === 'regenerate' || !isEmpty)) {
    const cause = next.kind === 'renew' ? 'renewal' : 'regenerate';
    audit('new-token', { id, principal, cause });
  }
}
