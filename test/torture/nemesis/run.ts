import { setTimeout as sleep } from 'node:timers/promises';
import type { Deployment } from '../deployment.js';
import type { NemesisEvent } from '../history.js';
import { nowMs } from '../now.js';
import type { Random } from '../random.js';
import type { Recorder } from '../recorder.js';
import type { TopologyName } from '../servers/topology.js';
import { freezeApp, killApp, rollApp, stepClock } from './app.js';
import type { Field, Nemesis } from './nemesis.js';
import { OF_SERVERS } from './servers.js';
import { cut, delay, partition, withhold } from './wire.js';

const OF_APPS = [killApp, freezeApp, rollApp, stepClock, partition, withhold, delay, cut];
export const NEMESES: readonly string[] = [
  ...new Set([...Object.values(OF_SERVERS).flat(), ...OF_APPS].map(({ name }) => name)),
];

/** Some time in which all is well, between two faults. */
const CALM_MS = [500, 2_000] as const;
/** Now and then long enough for all to be as before. */
const LONG_CALM_MS = 6_000;
const LONG_CALM_EVERY = 5;

interface Options {
  readonly deployment: Deployment;
  readonly random: Random;
  readonly recorder: Recorder;
  readonly signal: AbortSignal;
  /** Only these; all of the topology where it is missing. */
  readonly only?: readonly string[];
}

/** Breaks one thing after another, each as often as the others, until it is told to stop. All is well when it ends. */
export async function runNemeses(options: Options): Promise<void> {
  const { deployment, random, signal, only } = options;
  const pause = (ms: number) => sleep(ms, undefined, { signal }).catch(() => {});
  for (let count = 1; !signal.aborted;) {
    const nemeses = inTurn(deployment.topology.name, random).filter(
      ({ name }) => only?.includes(name) ?? true,
    );
    if (nemeses.length === 0) return;
    for (const nemesis of nemeses) {
      const isLong = count++ % LONG_CALM_EVERY === 0;
      await pause(isLong ? LONG_CALM_MS : random.between(...CALM_MS));
      if (signal.aborted) return;
      const isReady = (await nemesis.isReady?.(deployment)) ?? true;
      if (isReady) await run(nemesis, { deployment, random, pause }, options.recorder);
    }
  }
}

/** In any order, but faults of servers and of processes take turns: a short round has some of both. */
function inTurn(topology: TopologyName, random: Random): Nemesis[] {
  const ofServers = random.shuffled(OF_SERVERS[topology]);
  return random
    .shuffled(OF_APPS)
    .flatMap((ofApp, index) => [...ofServers.slice(index, index + 1), ofApp]);
}

async function run(
  nemesis: Nemesis,
  field: Omit<Field, 'event'>,
  recorder: Recorder,
): Promise<void> {
  const app = field.random.between(0, field.deployment.apps.length - 1);
  const event: NemesisEvent = {
    type: 'nemesis',
    name: nemesis.name,
    fromMs: nowMs(),
    ...nemesis.facts,
    ...(nemesis.isOfApp && { app }),
  };
  recorder.add(event);
  await nemesis.run({ ...field, event }, app);
  event.toMs = nowMs();
}
