/**
 * How a cost grows with a number: not at all, in proportion, less, or worse. Pure.
 *
 * The points are fitted to y = a + b · x^p with a, b ≥ 0, for each p of a grid; the one with the least error counts. Errors are relative, or
 * the largest x alone would decide.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export type Growth = 'constant' | 'less than linear' | 'linear' | 'worse than linear';

export interface Fit {
  readonly growth: Growth;
  /** y = base + slope · x ^ exponent. */
  readonly base: number;
  readonly slope: number;
  readonly exponent: number;
}

const EXPONENTS = Array.from({ length: 56 }, (_, index) => 0.25 + index * 0.05);

/** A figure that changes by less than this part over all sizes does not grow: that is what two rounds of one size differ by. */
const CONSTANT = 0.2;
/** Exponents within this of 1 are the noise of a line. */
const LINEAR = 0.25;
/** A line has to be this many times worse than the best curve before it is called none. */
const WORSE_FIT = 2;

/** Undefined for fewer than three sizes, which fit any curve. */
export function fit(points: readonly Point[]): Fit | undefined {
  const known = points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  if (new Set(known.map(({ x }) => x)).size < 3) return undefined;
  if (known.every(({ y }) => y === 0)) return { growth: 'constant', base: 0, slope: 0, exponent: 1 };
  const candidates = EXPONENTS.map((exponent) => curve(known, exponent));
  const best = candidates.reduce((a, b) => (b.error < a.error ? b : a));
  const line = curve(known, 1);
  const chosen = line.error <= best.error * WORSE_FIT || Math.abs(best.exponent - 1) <= LINEAR ? line : best;
  const { base, slope, exponent } = chosen;
  const [first, last] = [Math.min(...known.map(({ x }) => x)), Math.max(...known.map(({ x }) => x))];
  const at = (x: number): number => base + slope * x ** exponent;
  const mean = known.reduce((sum, { y }) => sum + y, 0) / known.length;
  const grows = (at(last) - at(first)) / Math.max(at(first), Number.MIN_VALUE) > CONSTANT;
  if (!grows) return { growth: 'constant', base: mean, slope: 0, exponent: 1 };
  return {
    growth: exponent > 1 ? 'worse than linear' : exponent < 1 ? 'less than linear' : 'linear',
    base,
    slope,
    exponent,
  };
}

/** Least squares of the relative errors, with neither part below zero. */
function curve(
  points: readonly Point[],
  exponent: number,
): { base: number; slope: number; exponent: number; error: number } {
  const largest = Math.max(...points.map(({ y }) => Math.abs(y)), Number.MIN_VALUE);
  const rows = points.map(({ x, y }) => {
    const weight = 1 / Math.max(Math.abs(y), largest / 1e4);
    return { one: weight, power: weight * x ** exponent, y: weight * y };
  });
  const sum = (of: (row: (typeof rows)[number]) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const [oo, op, pp] = [
    sum(({ one }) => one * one),
    sum(({ one, power }) => one * power),
    sum(({ power }) => power * power),
  ];
  const [oy, py] = [sum(({ one, y }) => one * y), sum(({ power, y }) => power * y)];
  const determinant = oo * pp - op * op;
  const both = { base: (oy * pp - py * op) / determinant, slope: (py * oo - oy * op) / determinant };
  const allowed = [both, { base: oy / oo, slope: 0 }, { base: 0, slope: py / pp }].filter(
    ({ base, slope }) => base >= 0 && slope >= 0,
  );
  const measured = allowed.map(({ base, slope }) => ({
    base,
    slope,
    exponent,
    error: sum(({ one, power, y }) => (one * base + power * slope - y) ** 2),
  }));
  return measured.reduce((a, b) => (b.error < a.error ? b : a));
}
