import { median, quantile } from './statistics.js';
import type { Sample, Subject } from './subject.js';
import type { Kind, Platform, Variant } from './variants.js';

/** One line of the result: medians over the rounds. NaN where there is nothing to compare with. */
export interface Summary {
  readonly variant: Variant;
  readonly cpuMicros: number;
  readonly cpuQuartiles: readonly [number, number];
  /** CPU time above that of a server without sessions. */
  readonly overheadMicros: number;
  readonly overheadByFloor: number;
  /** By the peer's overhead for the same: reading or writing. */
  readonly overheadByPeer: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly commandsSent: number;
  readonly commandsRun: number;
}

export function summarize(subjects: readonly Subject[], platform: Platform): Summary[] {
  const all = subjects.filter(({ variant }) => variant.platform === platform);
  const cpuOf = (kind: Kind, route: Variant['route']) => {
    const found = all.find(({ variant }) => variant.kind === kind && variant.route === route);
    return found ? medianOf(found, 'cpuMicrosPerRequest') : Number.NaN;
  };
  const bare = cpuOf('none', 'read');
  const floor = cpuOf('floor', 'read') - bare;
  return all.map((subject) => {
    const overhead = medianOf(subject, 'cpuMicrosPerRequest') - bare;
    const peer = cpuOf('peer', subject.variant.route) - bare;
    return summaryOf(subject, overhead, floor, peer);
  });
}

function summaryOf(subject: Subject, overhead: number, floor: number, peer: number): Summary {
  const cpu = subject.samples.map((sample) => sample.cpuMicrosPerRequest);
  return {
    variant: subject.variant,
    cpuMicros: median(cpu),
    cpuQuartiles: [quantile(cpu, 0.25), quantile(cpu, 0.75)],
    overheadMicros: overhead,
    overheadByFloor: overhead / floor,
    overheadByPeer: overhead / peer,
    requestsPerSecond: medianOf(subject, 'requestsPerSecond'),
    p50Ms: medianOf(subject, 'p50Ms'),
    p99Ms: medianOf(subject, 'p99Ms'),
    commandsSent: subject.commandsSentPerRequest,
    commandsRun: medianOf(subject, 'commandsRunPerRequest'),
  };
}

function medianOf(subject: Subject, figure: keyof Sample): number {
  return median(subject.samples.map((sample) => sample[figure]));
}
