import { differences, median, quantile, ratios } from './statistics.js';
import type { Sample, Subject } from './subject.js';
import type { Kind, Route, Variant } from './variants.js';

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

/**
 * Compares subjects that were measured in the same rounds, round by round: what disturbs the machine for a while
 * disturbs both sides of a comparison.
 */
export function summarize(subjects: readonly Subject[]): Summary[] {
  const find = (kind: Kind, route: Route) =>
    subjects.find(({ variant }) => variant.kind === kind && variant.route === route);
  const bare = find('none', 'read');
  const overheads = (subject: Subject | undefined) =>
    subject && differences(cpuOf(subject), bare && cpuOf(bare));
  const floor = overheads(find('floor', 'read'));
  return subjects.map((subject) => {
    const own = overheads(subject)!;
    const peer = overheads(find('peer', subject.variant.route));
    return {
      ...figuresOf(subject),
      overheadMicros: median(own),
      overheadByFloor: median(ratios(own, floor)),
      overheadByPeer: median(ratios(own, peer)),
    };
  });
}

function figuresOf(subject: Subject) {
  const cpu = cpuOf(subject);
  const medianOf = (figure: keyof Sample) =>
    median(subject.samples.map((sample) => sample[figure]));
  return {
    variant: subject.variant,
    cpuMicros: median(cpu),
    cpuQuartiles: [quantile(cpu, 0.25), quantile(cpu, 0.75)] as const,
    requestsPerSecond: medianOf('requestsPerSecond'),
    p50Ms: medianOf('p50Ms'),
    p99Ms: medianOf('p99Ms'),
    commandsSent: subject.commandsSentPerRequest,
    commandsRun: medianOf('commandsRunPerRequest'),
  };
}

function cpuOf({ samples }: Subject): number[] {
  return samples.map(({ cpuMicrosPerRequest }) => cpuMicrosPerRequest);
}
