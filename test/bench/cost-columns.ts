import type { Summary } from './summary.js';
import { type Column, decimal } from './table.js';

/** What a request costs a server. */
export const COST_COLUMNS: readonly Column<Summary>[] = [
  ['variant', ({ variant }) => variant.label],
  ['CPU µs/request', ({ cpuMicros }) => decimal(cpuMicros, 1)],
  ['quartiles', ({ cpuQuartiles }) => cpuQuartiles.map((cpu) => decimal(cpu, 1)).join(' … ')],
  ['overhead µs', ({ overheadMicros }) => decimal(overheadMicros, 1)],
  ['× floor', ({ overheadByFloor }) => decimal(overheadByFloor, 2)],
  ['× peer', ({ overheadByPeer }) => decimal(overheadByPeer, 2)],
  ['requests/s', ({ requestsPerSecond }) => decimal(requestsPerSecond, 0)],
];

export const COST_LEGEND = [
  'Medians over the rounds. CPU: user and system time of the server process, by requests answered.',
  'Overhead: above "no session". × floor, × peer: this overhead by theirs; the peer does the same, read or write.',
  'Overheads and these ratios are taken in each round, then their medians.',
].join('\n');
