/** A quantile of some numbers, between two of them by their distance; NaN where there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Round by round, how much one series is above another; NaN where the other is missing. */
export function differences(values: readonly number[], others: readonly number[] = []): number[] {
  return values.map((value, round) => value - (others[round] ?? Number.NaN));
}

/** Round by round, how often one series holds another; NaN where the other is missing. */
export function ratios(values: readonly number[], others: readonly number[] = []): number[] {
  return values.map((value, round) => value / (others[round] ?? Number.NaN));
}

/** A copy in random order. */
export function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, rank: Math.random() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ value }) => value);
}
