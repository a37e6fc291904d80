import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Browser } from './browser/browser.js';
import { TokenNames } from './browser/jar.js';
import { Deployment } from './deployment.js';
import type { History } from './history.js';
import { runNemeses } from './nemesis/run.js';
import { probe } from './probe.js';
import { boundsOf, profileOf, type ProfileName } from './profiles.js';
import { Random } from './random.js';
import { Recorder } from './recorder.js';
import { startTopology, type TopologyName } from './servers/topology.js';

export interface RoundOptions {
  readonly seed: number;
  readonly topology: TopologyName;
  readonly profile: ProfileName;
  /** How long there are requests and faults. */
  readonly ms: number;
  readonly apps: number;
  readonly nemeses?: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * After the last fault connections are tried anew, late commands arrive, and who watches a session is told of its end: longer
 * than the checker lets that take.
 */
const SETTLE_MS = 5_700;

/** One deployment, tortured for a while and then looked at in peace. */
export async function playRound(options: RoundOptions): Promise<History> {
  const profile = profileOf(options.profile);
  const recorder = new Recorder();
  const topology = await startTopology(options.topology);
  let log: string | undefined;
  try {
    const deployment = await Deployment.start(topology, profile, options.apps, recorder);
    try {
      await torture(deployment, recorder, options);
      log = await topology.log?.();
    } finally {
      await deployment.stop();
    }
  } finally {
    await topology.stop();
  }
  return { bounds: boundsOf(profile), events: recorder.events, log };
}

async function torture(
  deployment: Deployment,
  recorder: Recorder,
  options: RoundOptions,
): Promise<void> {
  const over = new AbortController();
  const probing = probe(deployment, recorder, over.signal);
  try {
    const browsers = browsersOf(deployment, recorder, options);
    await disturb(deployment, recorder, browsers, options);
    if (options.signal.aborted) return;
    await sleep(SETTLE_MS);
    await Promise.all(browsers.map((browser) => browser.look()));
    for (const browser of browsers) browser.close();
  } finally {
    over.abort();
    await probing;
  }
}

function browsersOf(
  deployment: Deployment,
  recorder: Recorder,
  { seed, profile }: RoundOptions,
): Browser[] {
  const { lifetime, browsers, signIns } = profileOf(profile);
  const random = new Random(seed);
  const around = {
    recorder,
    names: new TokenNames(),
    lifetime,
    signIns,
    ids: [],
    get ports() {
      return deployment.ports;
    },
  };
  return Array.from({ length: browsers }, (_, index) => new Browser(index, random.fork(), around));
}

/** Requests and faults at once, for as long as the round is to be. */
async function disturb(
  deployment: Deployment,
  recorder: Recorder,
  browsers: readonly Browser[],
  { seed, profile, ms, nemeses, signal }: RoundOptions,
): Promise<void> {
  // Of AbortSignal.any([…, AbortSignal.timeout(ms)]) Node 20 may collect the timer, and then it never ends.
  const over = new AbortController();
  // Every tab that sleeps listens.
  setMaxListeners(0, over.signal);
  const end = () => over.abort();
  const timer = setTimeout(end, ms);
  signal.addEventListener('abort', end);
  // It may have been stopped while all of this was started.
  if (signal.aborted) end();
  const faults = { deployment, random: new Random(seed + 1), recorder, signal: over.signal };
  const habits = profileOf(profile);
  try {
    await Promise.all([
      runNemeses({ ...faults, ...(nemeses && { only: nemeses }) }),
      ...browsers.map((browser) => browser.run(habits, over.signal)),
    ]);
  } finally {
    // Where one of them failed, the others end as well.
    end();
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}
