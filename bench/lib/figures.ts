/** Minimum, median and maximum: what is printed of a list of samples, since means hide a noisy machine. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** Throws for no samples. */
export function spread(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (min === undefined || max === undefined || upper === undefined || lower === undefined) throw new Error('no samples');
  return { min, median: (lower + upper) / 2, max };
}

/** Three significant digits, thousands as they are. */
export function digits(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toPrecision(3);
}
