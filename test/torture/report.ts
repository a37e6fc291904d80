import { type Judgement } from './checker/index.js';
import { PROMISES, type PromiseName, type Violation } from './checker/violation.js';
import type { History } from './history.js';
import { minimize } from './minimize.js';
import { historyTable } from './table.js';

/** How many violations of a promise are shown with their history. */
const SHOWN = 1;

export interface PlayedRound {
  readonly title: string;
  readonly history: History;
  readonly judgement: Judgement;
}

/** What one round gave, in a few lines, and for what is broken the shortest history that shows it. */
export function roundReport({ title, history, judgement }: PlayedRound): string {
  const lines = [`## ${title}`, '', outcomes(history), ...faults(history)];
  for (const violations of byPromise(judgement.violations).values()) {
    for (const violation of violations.slice(0, SHOWN)) {
      lines.push('', `BROKEN ${PROMISES[violation.promise]}: ${violation.what}`);
      lines.push(historyTable(minimize(history, violation)));
    }
    const more = violations.length - SHOWN;
    if (more > 0) lines.push(`… and ${more} more of this promise`);
  }
  return lines.join('\n');
}

/** Counts per promise, over all rounds. */
export function summary(rounds: readonly PlayedRound[]): string {
  const lines = ['promise                                                        checked  broken'];
  for (const [name, text] of Object.entries(PROMISES)) {
    const of = rounds.map(({ judgement }) => judgement);
    const checked = sum(of.map((each) => each.checked[name as PromiseName] ?? 0));
    const broken = sum(of.map((each) => each.violations.filter((v) => v.promise === name).length));
    lines.push(`${text.padEnd(64)}${String(checked).padStart(7)}${String(broken).padStart(8)}`);
  }
  const close = sum(rounds.map(({ judgement }) => judgement.close));
  const exempt = sum(rounds.map(({ judgement }) => judgement.exempt));
  lines.push(
    '',
    `too close to tell: ${close} cookies; exempt since a primary was killed: ${exempt}`,
  );
  return lines.join('\n');
}

function outcomes({ events }: History): string {
  const requests = events.filter((event) => event.type === 'request');
  const count = (outcome: string) => requests.filter((each) => each.outcome === outcome).length;
  return `${requests.length} requests: ${count('ok')} ok, ${count('fail')} fail, ${count('info')} info`;
}

function faults({ events }: History): string[] {
  const counts = new Map<string, number>();
  for (const event of events) {
    if (event.type === 'nemesis') counts.set(event.name, (counts.get(event.name) ?? 0) + 1);
  }
  const told = [...counts].map(([name, count]) => `${name} × ${count}`);
  return told.length > 0 ? [`faults: ${told.join(', ')}`] : [];
}

function byPromise(violations: readonly Violation[]): Map<PromiseName, Violation[]> {
  const groups = new Map<PromiseName, Violation[]>();
  for (const violation of violations) {
    groups.set(violation.promise, [...(groups.get(violation.promise) ?? []), violation]);
  }
  return groups;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
