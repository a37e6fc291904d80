import { parseArgs } from 'node:util';
import { NEMESES } from './nemesis/run.js';
import { PROFILES, type ProfileName } from './profiles.js';
import { TOPOLOGIES, type TopologyName } from './servers/topology.js';

export interface TortureOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly apps: number;
  readonly topologies: readonly TopologyName[];
  readonly profiles: readonly ProfileName[];
  readonly nemeses?: readonly string[];
  /** Where the whole history of each broken round is written. */
  readonly out?: string;
}

export const USAGE = `npm run torture -- [--minutes 2] [--seed N] [--apps 2]
  [--topology ${TOPOLOGIES.join(',')}] [--profile ${PROFILES.join(',')}]
  [--nemesis none | '${NEMESES.join(',')}'] [--out FOLDER]`;

/** @throws Error that says what can be written */
export function readOptions(args: readonly string[]): TortureOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '2' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
      apps: { type: 'string', default: '2' },
      topology: { type: 'string', default: TOPOLOGIES.join(',') },
      profile: { type: 'string', default: PROFILES.join(',') },
      nemesis: { type: 'string' },
      out: { type: 'string' },
    },
  });
  const nemeses = values.nemesis === 'none' ? [] : list('nemesis', values.nemesis, NEMESES);
  return {
    minutes: positive('minutes', values.minutes),
    seed: positive('seed', values.seed),
    apps: positive('apps', values.apps),
    topologies: list('topology', values.topology, TOPOLOGIES)!,
    profiles: list('profile', values.profile, PROFILES)!,
    ...(nemeses && { nemeses }),
    ...(values.out !== undefined && { out: values.out }),
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new Error(`--${name} ${text}: write a positive number.\n${USAGE}`);
}

function list<T extends string>(
  name: string,
  text: string | undefined,
  known: readonly T[],
): T[] | undefined {
  const items = text?.split(',');
  for (const item of items ?? []) {
    if (!known.includes(item as T)) {
      throw new Error(`--${name} ${item} is unknown: write some of ${known.join(',')}.\n${USAGE}`);
    }
  }
  return items as T[] | undefined;
}
