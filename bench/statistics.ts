/** Medians and their spread. Pure. */

/** The middle of some values, and how far they lie apart: of five rounds, the smallest and the largest. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly values: readonly number[];
}

/** Linear between the two nearest, `at` from 0 to 1. NaN of nothing. */
export function quantile(values: readonly number[], at: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * at;
  const below = sorted[Math.floor(place)] ?? NaN;
  const above = sorted[Math.ceil(place)] ?? NaN;
  return below + (above - below) * (place - Math.floor(place));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), values };
}

/**
 * The standard error of the median of these values, estimated without being led by an outlier: 1.4826 times the median
 * distance from the median is a normal distribution's standard deviation, and 1.2533 over the root of n its median's error.
 * With few values that distance can be zero by accident, so a quarter of the range is the least.
 */
export function errorOfMedian(values: readonly number[]): number {
  if (values.length < 2) return NaN;
  const middle = median(values);
  const deviation = 1.4826 * median(values.map((value) => Math.abs(value - middle)));
  const range = Math.max(...values) - Math.min(...values);
  return (1.2533 * Math.max(deviation, range / 4)) / Math.sqrt(values.length);
}

/** Two spreads agree when they overlap. */
export const overlap = (a: Spread, b: Spread): boolean => a.min <= b.max && b.min <= a.max;
