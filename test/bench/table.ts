import type { Summary } from './summary.js';

type Column = readonly [title: string, cell: (summary: Summary) => string];

const COLUMNS: readonly Column[] = [
  ['variant', ({ variant }) => variant.label],
  ['CPU µs/request', ({ cpuMicros }) => decimal(cpuMicros, 1)],
  ['quartiles', ({ cpuQuartiles }) => cpuQuartiles.map((cpu) => decimal(cpu, 1)).join(' … ')],
  ['overhead µs', ({ overheadMicros }) => decimal(overheadMicros, 1)],
  ['× floor', ({ overheadByFloor }) => decimal(overheadByFloor, 2)],
  ['× peer', ({ overheadByPeer }) => decimal(overheadByPeer, 2)],
  ['requests/s', ({ requestsPerSecond }) => decimal(requestsPerSecond, 0)],
  ['p50 ms', ({ p50Ms }) => decimal(p50Ms, 2)],
  ['p99 ms', ({ p99Ms }) => decimal(p99Ms, 2)],
  ['Redis sent', ({ commandsSent }) => decimal(commandsSent, 2)],
  ['Redis run', ({ commandsRun }) => decimal(commandsRun, 2)],
];

export const LEGEND = [
  'Medians over the rounds. CPU: user and system time of the server process, by requests answered.',
  'Overhead: above "no session". × floor, × peer: this overhead by theirs; the peer does the same, read or write.',
  'Redis sent: commands that the server sent for a request, a script counting once. Redis run: what Redis ran, with the',
  'commands that scripts call. Requests/s and latency share the machine with the load and Redis.',
].join('\n');

/** A Markdown table, aligned to be read as text too. */
export function markdownTable(summaries: readonly Summary[]): string {
  const cells = summaries.map((summary) => COLUMNS.map(([, cell]) => cell(summary)));
  const rows = [COLUMNS.map(([title]) => title), ...cells];
  const widths = COLUMNS.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  const rule = widths.map((width, at) =>
    at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  const lines = rows.map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))),
  );
  lines.splice(1, 0, rule);
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function decimal(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–';
}
