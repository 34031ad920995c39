import { FIGURES, type Range } from '../contract/figures.ts';
import { isSum } from './durations.ts';
import type { Row } from './layout.ts';

/**
 * Makes a number from a row safe to compute with. A worker can write any bytes, and a NaN or infinity would spoil every
 * sum, and cannot be in JSON.
 *
 * @param most the upper limit.
 */
export function inRange(value: number, most: number = Number.MAX_SAFE_INTEGER): number {
  return value >= 0 ? Math.min(value, most) : 0;
}

/** A beat that is later than the reader's clock by more than this, ms, was made up: all processes have one clock. */
const MOST_AHEAD_MS = 1000;

export function isOfTheFuture(beat: number, now: number): boolean {
  return beat > now + MOST_AHEAD_MS;
}

/** The limit of a count. The sum over all rows is then still a safe integer. */
const MOST = 2 ** 41;

function countInRange(value: number): number {
  return Math.floor(inRange(value, MOST));
}

function figureInRange(value: number, range: Range): number {
  if (range === 'whole') return countInRange(value);
  return inRange(value, range === 'share' ? 1 : undefined);
}

/** Makes a row safe: every figure is in the range that the table gives it. */
export function rowInRange(row: Row): Row {
  const values = row as unknown as Record<string, number | Float64Array>;
  for (const { name, range } of FIGURES) {
    const value = values[name]!;
    if (range === 'state' || range === 'slot') continue;
    if (typeof value === 'number') values[name] = figureInRange(value, range);
    else for (let index = 0; index < value.length; index++) value[index] = figureInRange(value[index]!, range);
  }
  // A histogram of durations consists of counts and their sums.
  const { durations } = row;
  for (let index = 0; index < durations.length; index++) {
    if (!isSum(index)) durations[index] = countInRange(durations[index]!);
  }
  return row;
}
