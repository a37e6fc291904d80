/**
 * How much of what multiplies is run. Each run of `npm test` takes a sample: each kind of backend, adapter, platform and client
 * at least once. `npm run test:all` takes all combinations, as `npm run test:matrix` does.
 */
export const isWhole = process.env['TEST_EXTENT'] === 'all';

/** All of a list, or in a sample those that stand for the others. */
export function sample<T>(all: readonly T[], isSample: (each: T) => boolean): T[] {
  return all.filter((each) => isWhole || isSample(each));
}

/** Each with each, or in a sample so many pairs that each is in one. */
export function combine<A, B>(these: readonly A[], those: readonly B[]): [A, B][] {
  if (isWhole) return these.flatMap((a) => those.map((b): [A, B] => [a, b]));
  const length = Math.max(these.length, those.length);
  return Array.from({ length }, (_, i) => [these[i % these.length]!, those[i % those.length]!]);
}
