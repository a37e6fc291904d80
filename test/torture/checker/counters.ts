import { groupBy } from './group-by.js';
import type { KnownEffect } from './known.js';
import type { Model } from './model.js';
import { readsOf } from './reads.js';
import type { Read } from './sights.js';
import type { Verdict, Violation } from './violation.js';

/**
 * Counters: all increments add up, each exactly once; one that was not acknowledged once or not at all.
 *
 * What a read may see is bounded from below by the increments that were certainly stored before it began and that
 * nothing can have deleted since, and from above by all that may have been stored when it ended, without those that a
 * delete certainly took away before it began. (A delete is one of the field, of all fields, or a regenerate that does not keep it.)
 */
export function checkCounters(model: Model): Verdict {
  const effectsBySession = groupBy(model.effects, ({ session }) => session);
  const violations: Violation[] = [];
  let checked = 0;
  for (const [session, reads] of groupBy(readsOf(model), (read) => read.session)) {
    const effects = effectsBySession.get(session) ?? [];
    const adds = effects.filter(({ kind }) => kind === 'add');
    for (const [field, own] of groupBy(adds, (add) => add.field)) {
      const deletes = effects.filter(({ kind, field: other, except }) => {
        if (kind !== 'delete') return false;
        return other === field || (other === '*' && !except!.includes(field));
      });
      checked += reads.length;
      violations.push(...reads.flatMap((read) => check(read, field, own, deletes) ?? []));
    }
  }
  return { violations, checked: { 'exact-increments': checked } };
}

function check(
  read: Read,
  field: string,
  adds: readonly KnownEffect[],
  deletes: readonly KnownEffect[],
): Violation | undefined {
  const value = Number(read.fields[field] ?? 0);
  const certain = adds.filter((add) => isCertain(add, deletes, read));
  const possible = adds.filter((add) => isPossible(add, deletes, read));
  const [least, most] = [sum(certain), sum(possible)];
  if (least <= value && value <= most) return undefined;
  const bound = value < least ? `at least ${least}` : `at most ${most}`;
  const shown = (value < least ? certain : possible).map(({ n }) => n);
  return {
    promise: 'exact-increments',
    session: read.session,
    what: `request ${read.n} read ${field} = ${value}, though the increments so far add up to ${bound}`,
    requests: [read.n, ...shown],
  };
}

function isCertain(add: KnownEffect, deletes: readonly KnownEffect[], read: Read): boolean {
  if (!add.isSure || add.ackMs >= read.fromMs) return false;
  return !deletes.some(
    ({ n, fromMs, lastMs }) =>
      // In one request the steps have an order.
      (n === add.n ? fromMs > add.fromMs : lastMs >= add.fromMs) && fromMs <= read.toMs,
  );
}

function isPossible(add: KnownEffect, deletes: readonly KnownEffect[], read: Read): boolean {
  if (add.fromMs > read.toMs) return false;
  return !deletes.some(
    ({ isSure, fromMs, ackMs }) => isSure && add.lastMs < fromMs && ackMs < read.fromMs,
  );
}

function sum(adds: readonly KnownEffect[]): number {
  return adds.reduce((total, { by = 0 }) => total + by, 0);
}
