import { createHash } from 'node:crypto';

/** Inputs in all. More and others by hand: `FUZZ_RUNS=2000000 npm run vitest -- test/property/fuzz`. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100_000);
export const HEADER_RUNS = Math.ceil(RUNS * 0.6);
export const RECORD_RUNS = Math.ceil(RUNS * 0.4);
/** The same inputs in each run of `npm test`, so that it fails for what was changed and nothing else. */
export const FUZZ_SEED = process.env['FUZZ_RUNS'] ? {} : { seed: 20_261_124 };
export const FUZZ_TIMEOUT_MS = 3_600_000;

/** Always the same, so that a failure can be run again by its seed. */
export const tokens = Array.from({ length: 20 }, (_, index) =>
  createHash('sha512').update(`token ${index}`).digest('base64url').slice(0, 65),
);
export const [TOKEN] = tokens as [string];
