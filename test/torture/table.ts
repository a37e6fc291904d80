import type { History, HistoryEvent, RequestEvent, WatchEvent } from './history.js';
import type { Sight, Step, StepReport } from './program.js';

/** A history as a table by time, for people. */
export function historyTable({ events }: History): string {
  const inOrder = [...events].sort((a, b) => startOf(a) - startOf(b));
  const first = inOrder[0] ? startOf(inOrder[0]) : 0;
  const at = (ms: number | undefined) => (ms === undefined ? '-' : `${Math.round(ms - first)}`);
  const rows = inOrder.map((event) => rowOf(event, at));
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]!.length))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function startOf(event: HistoryEvent): number {
  switch (event.type) {
    case 'request':
    case 'watch':
      return event.askedMs;
    case 'nemesis':
      return event.fromMs;
    case 'crash':
      return event.atMs;
  }
}

type At = (ms: number | undefined) => string;

function rowOf(event: HistoryEvent, at: At): string[] {
  switch (event.type) {
    case 'request':
      return requestRow(event, at);
    case 'watch':
      return watchRow(event, at);
    case 'nemesis': {
      const where = event.app === undefined ? '' : `app ${event.app}`;
      return [`${at(event.fromMs)}..${at(event.toMs)}`, 'nemesis', where, '', event.name, ''];
    }
    case 'crash':
      return [at(event.atMs), 'crash', `app ${event.app}`, '', event.what.split('\n', 1)[0]!, ''];
  }
}

function requestRow(event: RequestEvent, at: At): string[] {
  const { n, browser, app, kind, token, askedMs, headMs, endMs, steps, reports } = event;
  const { status, outcome, cookie, failure, sight, answeredMs } = event;
  const done = steps.map((step, i) => {
    const report = reports?.[i];
    const seen = seenText(report);
    return `${stepText(step)}@${at(report?.fromMs)}${report?.error ? `!${report.error}` : ''}${seen}`;
  });
  const told =
    cookie === undefined
      ? ''
      : typeof cookie === 'object'
        ? `, cookie ${cookie.token}`
        : ', cleared';
  return [
    `${at(askedMs)}..${at(headMs ?? endMs)}`,
    `#${n} browser ${browser}`,
    `app ${app}`,
    token ?? '-',
    `${kind}: saw ${sight ? sightText(sight) : '?'}; ${done.join(', ')}; answers@${at(answeredMs)}`,
    `${outcome} ${status ?? failure ?? ''}${told}`,
  ];
}

function watchRow({ n, browser, app, form, token, sight, ...event }: WatchEvent, at: At): string[] {
  return [
    `${at(event.askedMs)}..${at(event.endMs)}`,
    `#${n} browser ${browser}`,
    `app ${app}`,
    token ?? '-',
    `${form}: watches ${sight ? sightText(sight) : '?'}@${at(sight?.toMs)}`,
    event.told === undefined ? 'was not told' : `told: ${event.told}`,
  ];
}

function seenText({ sight, listed }: Partial<StepReport> = {}): string {
  if (listed) return ` -> [${listed.map(sightText).join(' ')}]`;
  return sight === undefined ? '' : ` -> ${sightText(sight)}`;
}

function sightText(sight: Sight | null): string {
  if (!sight) return 'nothing';
  const fields = Object.entries(sight.fields).map(([field, value]) => `${field}=${value}`);
  const whose = sight.principal === undefined ? '' : ` of ${sight.principal}`;
  return `${sight.isNew ? 'new ' : ''}${sight.id.slice(0, 5)}${whose}{${fields.join(' ')}}`;
}

function stepText(step: Step): string {
  switch (step.op) {
    case 'set':
    case 'nest':
      return `${step.op} ${step.key}=${step.value}`;
    case 'delete':
    case 'spoil':
    case 'take':
      return `${step.op} ${step.key}`;
    case 'increment':
      return `${step.key}+=${step.by}`;
    case 'regenerate':
    case 'signOut':
      return `${step.op}${keptText(step.keep)}`;
    case 'signIn':
      return `signIn ${step.as}${keptText(step.keep)}`;
    case 'revokeAll':
      return `revokeAll ${step.of}${step.others ? ' but its own' : ''}`;
    case 'list':
      return `list ${step.of}`;
    case 'lifetime':
      return `lifetime ${step.idle}/${step.absolute} s`;
    case 'revoke':
      return `revoke ${step.id.slice(0, 5)}${step.of === undefined ? '' : ` of ${step.of}`}`;
    case 'peek':
      return `peek ${step.id.slice(0, 5)}`;
    case 'sleep':
      return `sleep ${step.ms}`;
    default:
      return step.op;
  }
}

function keptText(keep?: readonly string[]): string {
  return keep ? ` keep [${keep.join(' ')}]` : '';
}
