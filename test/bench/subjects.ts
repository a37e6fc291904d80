import type { BenchContext } from './benchmark.js';
import { Subject } from './subject.js';
import type { Variant } from './variants.js';

interface Setup {
  readonly variants: readonly Variant[];
  /** How many clients each variant has. */
  readonly visitors: number;
  /** What the servers connect to, where that is not the benchmark's Redis itself. */
  readonly url?: string;
}

/** Runs the servers of some variants for as long as some work takes. */
export async function withSubjects<T>(
  { redis, signal }: BenchContext,
  { variants, visitors, url = redis.url }: Setup,
  work: (subjects: readonly Subject[]) => Promise<T>,
): Promise<T> {
  // A server that is gone, as after Ctrl-C, is not waited for.
  const client = redis.client({ retryStrategy: () => null });
  const subjects: Subject[] = [];
  try {
    console.error(`starting ${variants.length} servers`);
    for (const variant of variants) {
      signal.throwIfAborted();
      subjects.push(await Subject.start(variant, { url, redis: client, visitors }));
    }
    return await work(subjects);
  } finally {
    await Promise.all(subjects.map((subject) => subject.stop()));
    client.disconnect();
  }
}

/** What `--json` writes of one variant. */
export function samplesOf({ variant, commandsSentPerRequest, samples }: Subject): object {
  return { ...variant, commandsSentPerRequest, samples };
}
