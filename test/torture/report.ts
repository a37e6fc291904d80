import { type Judgement } from './checker/index.js';
import { PROMISES, type PromiseName, type Violation } from './checker/violation.js';
import type { History } from './history.js';
import { minimize } from './minimize.js';
import { writesAbout } from './redis-log.js';
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
  for (const violations of byPromise(inOrder(history, judgement.violations)).values()) {
    for (const violation of violations.slice(0, SHOWN)) {
      const after = `after ${(shownMs(history, violation) / 1000).toFixed(1)} s`;
      lines.push('', `BROKEN ${PROMISES[violation.promise]}, ${after}: ${violation.what}`);
      lines.push(historyTable(minimize(history, violation)));
      if (history.log !== undefined && violation.session !== undefined) {
        lines.push('', 'What Redis wrote:', ...writesAbout(history.log, violation.session));
      }
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

/** Those that were there first come first. */
function inOrder(history: History, violations: readonly Violation[]): Violation[] {
  const times = new Map(violations.map((each) => [each, shownMs(history, each)]));
  return [...violations].sort((a, b) => times.get(a)! - times.get(b)!);
}

/** How long after the first request the one that shows it had its answer; where it had none, when it was sent. */
function shownMs({ events }: History, { requests: [witness], ...violation }: Violation): number {
  const requests = events.filter((event) => event.type === 'request');
  const first = requests.reduce((least, { askedMs }) => Math.min(least, askedMs), Infinity);
  if (violation.shownMs !== undefined) return violation.shownMs - first;
  const shown = requests.find(({ n }) => n === witness);
  return shown ? (shown.headMs ?? shown.endMs ?? shown.askedMs) - first : 0;
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
