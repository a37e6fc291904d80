import type { Model } from './model.js';
import { readsOf } from './reads.js';
import type { Verdict, Violation } from './violation.js';

const VALUE = /^b(\d+)\.(\d+)\./;

/**
 * Each value says which browser and which request wrote it. A session that a token led to holds none of another
 * browser's, and nobody sees what a handler took back before anything was to be stored.
 */
export function checkValues(model: Model): Verdict {
  const violations: Violation[] = [];
  let checked = 0;
  for (const { n, session, fields } of readsOf(model)) {
    const { browser, sight } = model.request(n);
    const isOwn = sight && model.lineage.of(sight.id) === session;
    for (const [field, value] of Object.entries(fields)) {
      const [, writer, writing] = VALUE.exec(String(value)) ?? [];
      if (writer === undefined) continue;
      checked++;
      const told = { promise: 'own-values', session, requests: [n, Number(writing)] } as const;
      if (isOwn && Number(writer) !== browser) {
        const what = `request ${n} of browser ${browser} read ${field} = ${value}, which browser ${writer} wrote`;
        violations.push({ ...told, what });
      }
      const taken = model.takenBack.get(String(value));
      if (taken === undefined) continue;
      const what = `request ${n} read ${field} = ${value}, which the handler of request ${taken} took back before it answered or saved`;
      violations.push({ ...told, what });
    }
  }
  return { violations, checked: { 'own-values': checked } };
}

/** Where the library tells generations apart, the id is the session's for life, whatever becomes of its token. */
export function checkIds({ requests }: Model): Verdict {
  const violations: Violation[] = [];
  let checked = 0;
  for (const { n, sight, steps, reports = [] } of requests) {
    if (!sight || sight.isNew || sight.generation === undefined) continue;
    for (const [index, { id, isNew, error }] of reports.entries()) {
      if (['destroy', 'signOut'].includes(steps[index]!.op) || isNew || error !== undefined) break;
      checked++;
      if (id === sight.id) continue;
      const what = `request ${n} saw the id change with ${steps[index]!.op}`;
      violations.push({ promise: 'one-id', what, requests: [n], session: sight.id });
      break;
    }
  }
  return { violations, checked: { 'one-id': checked } };
}
