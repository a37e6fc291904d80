import { parseArgs } from 'node:util';
import { type Platform, PLATFORMS } from './variants.js';

export interface BenchOptions {
  rounds: number;
  /** In each round, for each variant. */
  requests: number;
  /** Which variants, by "platform: label". */
  only: RegExp;
  platforms: readonly Platform[];
  /** Where every sample is written to. */
  json: string | undefined;
}

export const USAGE = `npm run bench -- [options]
  --rounds N                    measured rounds (12)
  --requests N                  requests in each round for each variant (4000)
  --only REGEX                  variants whose "platform: label" matches
  --platform fastify|express    one platform only
  --json FILE                   write every sample to a file`;

/** @throws Error that says which argument is wrong, and what there is */
export function readOptions(args: string[]): BenchOptions {
  try {
    return parse(args);
  } catch (cause) {
    throw new Error(`${(cause as Error).message}\n${USAGE}`, { cause });
  }
}

function parse(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '12' },
      requests: { type: 'string', default: '4000' },
      only: { type: 'string', default: '' },
      platform: { type: 'string' },
      json: { type: 'string' },
    },
  });
  return {
    rounds: count('rounds', values.rounds),
    requests: count('requests', values.requests),
    only: new RegExp(values.only, 'i'),
    platforms: values.platform === undefined ? PLATFORMS : [platform(values.platform)],
    json: values.json,
  };
}

function count(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`--${option} must be a whole number above 0, not "${text}"`);
}

function platform(text: string): Platform {
  const known = PLATFORMS.find((name) => name === text);
  if (known) return known;
  throw new Error(`--platform must be ${PLATFORMS.join(' or ')}, not "${text}"`);
}
